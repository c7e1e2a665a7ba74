import type { Command } from 'commander'
import type { Surroundings } from '../argument/surroundings.ts'
import { addAffectCommand } from './affect.ts'

/** `daybook cancel CONDITION…`: keeps what waits from running, and tells what runs to stop. */
export function addCancelCommand(program: Command, surroundings: Surroundings): void {
  addAffectCommand(program, surroundings, {
    name: 'cancel',
    description: 'keep the waiting ones of the records found from running, and tell the running ones to stop',
    past: 'cancelled',
    // What has ended cannot be cancelled, and must not be counted when somebody is asked.
    also: [{ or: ['is_waiting', 'is_running'] }],
    act: (call, params) => call('event-log_cancel', params),
    show: (output, { cancelled, stopping }) => output.record({ cancelled, stopping }),
  })
}
