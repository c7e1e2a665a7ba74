import type { Command } from 'commander'
import type { Surroundings } from '../argument/surroundings.ts'
import { startedColumns } from '../terminal/record-columns.ts'
import { addAffectCommand } from './affect.ts'

/** `daybook replay CONDITION…`: runs what records tell of again. */
export function addReplayCommand(program: Command, surroundings: Surroundings): void {
  addAffectCommand(program, surroundings, {
    name: 'replay',
    description: 'run the handlers of the records found again, as new records',
    past: 'replayed',
    also: [],
    act: (call, params) => call('event-log_replay', params),
    async show(output, { replayed, skipped, event_logs: logs }) {
      await output.rows(logs, { columns: startedColumns, none: 'nothing to replay' })
      const gone = skipped === 0 ? '' : `, ${skipped} skipped: their handler is gone`
      await output.note(`${replayed} replayed${gone}`)
    },
  })
}
