import { type Command, Option } from 'commander'
import type { StreamFormat } from '../../client/client.ts'
import { addConditions, type ConditionSession } from '../argument/condition-session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { cellText, kindOf } from '../terminal/column.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import { jsonLine, writeLines } from '../terminal/output.ts'
import type { Zone } from '../terminal/time-text.ts'
import { fitText, visibleText } from '../terminal/visible-text.ts'

interface TailOptions {
  readonly after?: string
  readonly format?: StreamFormat
}

/** `daybook tail RESOURCE [CONDITION…]`: the records that fulfil all conditions, as they are added and change. */
export function addTailCommand(program: Command, surroundings: Surroundings): void {
  const tail = program
    .command('tail')
    .description('show the records that fulfil all conditions as they are added and change, until Ctrl-C')
    .option('--after <cursor>', 'start after this cursor (0: the beginning) instead of now')
    .addOption(
      new Option('--format <format>', 'envelope: change events in the format of UiPath Insights').choices([
        'row',
        'envelope',
      ]),
    )
  addConditions(tail, surroundings, {
    more: '\nlimit and last have no meaning for records to come.',
    act: follow,
  })
}

async function follow(session: ConditionSession, options: TailOptions): Promise<void> {
  const { client, output, resource, condition, stdout, presentation } = session
  const interrupt = listenForInterrupt()
  let last = options.after
  try {
    const changes = client.subscribe(resource, condition, {
      ...options,
      signal: interrupt.signal,
      onOpen: cursor => {
        last ??= cursor
        void output.note(`following ${resource} behind ${cursor}`)
      },
      onFault: fault => void output.note(`trying again: ${messageOf(fault)}`),
    })
    const isTable = presentation.format === 'table'
    const render = isTable ? changeLine : changeJson(options.format)
    for await (const { cursor, row } of changes) {
      await writeLines(stdout, [render(cursor, row as object, presentation.zone)])
      last = cursor
    }
    if (last !== undefined) await output.note(`stopped; --after ${last} goes on`)
  } finally {
    interrupt.release()
  }
}

/** A row with its cursor, so that its reader can resume from there; an envelope stays as it is. */
function changeJson(format: StreamFormat | undefined) {
  return (cursor: string, row: object): string => jsonLine(format === 'envelope' ? row : { cursor, ...row })
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault)
}

/** The most cells that one value may take: a payload must not crowd out the rest. */
const widest = 60

/** A change for a person, in one line: its number if the reader may know it, then every member that is not null. */
function changeLine(cursor: string, row: object, zone: Zone): string {
  const members = Object.entries(row)
    .filter(([, value]) => value !== null)
    .map(
      ([name, value]) =>
        `${visibleText(name)}=${fitText(cellText(value, kindOf(name), { zone, isExact: true }), widest)}`,
    )
  const number = /^\d+$/.test(cursor) ? [`#${cursor}`] : []
  return [...number, ...members].join('  ')
}
