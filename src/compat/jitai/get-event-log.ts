import { z } from 'zod'
import { credentialParam, defineMethod, type Method } from '../../method/method.ts'
import type { LogMethodDeps } from '../../method/record/record-method.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import { countRows } from '../../resource/select/count.ts'
import { type PlacedRow, readRows } from '../../resource/select/read.ts'
import { parseWallTime, type WallClock, wallTimePattern } from '../wall-time.ts'
import { findLogRows, type LogRows, selectBehind, walkRows } from './read-log.ts'
import { type RowDatas, rowDatasOf, rowDatasSchema } from './row-data.ts'

const maxPageSize = 1000

const wallTime = z
  .string()
  .meta({ pattern: wallTimePattern })
  .transform((text, context) => {
    const wall = parseWallTime(text)
    if (wall !== undefined) return wall
    context.addIssue({ code: 'custom', message: 'expected YYYY-MM-DD HH:MM:SS' })
    return z.NEVER
  })

/** `getEventLog`: what one handler did, newest first, a page at a time (seed 000). */
export function getEventLogMethod(name: string, log: LogMethodDeps, clock: WallClock): Method {
  return defineMethod({
    name,
    summary: 'The records of one event handler, newest first',
    // Null is what the seed's defaults are; by position it stands for what is left out.
    params: {
      fullName: z.string().describe('Full name of the handler; literal, never a pattern'),
      startTime: wallTime.nullish().describe('Not recorded before; in the server’s time zone'),
      endTime: wallTime.nullish().describe('Not recorded after that second; in the server’s time zone'),
      status: z.enum(['success', 'fail', 'running', 'waiting']).nullish(),
      page: z.int().min(1).nullish().describe('From 1, which is the default'),
      pageSize: z.int().min(1).max(maxPageSize).nullish().describe('20 by default'),
      token: credentialParam,
    },
    result: rowDatasSchema,
    async handle({ params: { fullName, startTime, endTime, status, page, pageSize }, caller }) {
      const condition = [
        { full_name: fullName },
        ...(typeof startTime === 'number' ? [{ created_time_from: clock.startOf(startTime) }] : []),
        ...(typeof endTime === 'number' ? [{ created_time_to: clock.endOf(endTime) }] : []),
        ...(typeof status === 'string' ? [{ status }] : []),
      ]
      const rows = findLogRows(log, condition, caller)
      const answer = await readPage(rows, { page: page ?? 1, size: pageSize ?? 20 }, clock)
      log.onRows(eventLog.name, 'returned', answer.rowDatas.length)
      return answer
    },
  })
}

async function readPage(
  rows: LogRows,
  { page, size }: { page: number; size: number },
  clock: WallClock,
): Promise<RowDatas> {
  const counted = await countRows(rows.reader, rows.predicates, undefined)
  const offset = (page - 1) * size
  if (offset >= counted) return { totalCount: counted, rowDatas: [] }
  const { last, skipped } = await skipRows(rows, offset)
  const isBeyond = skipped < offset
  const selection = selectBehind(rows, { last, order: 'newest', limit: size })
  const texts = isBeyond ? [] : await readRows(rows.reader, selection)
  const seen = skipped + texts.length
  // A page that is not full ends where the records end. After a full one the count stands, unless records were
  // deleted since it was taken.
  const totalCount = texts.length < size ? seen : Math.max(counted, seen)
  return { totalCount, rowDatas: rowDatasOf(texts, clock) }
}

/** Where the page begins; records that are appended meanwhile do not move it. */
async function skipRows(
  rows: LogRows,
  offset: number,
): Promise<{ readonly last: PlacedRow | undefined; readonly skipped: number }> {
  let last: PlacedRow | undefined
  let skipped = 0
  for await (const found of walkRows(rows, { order: 'newest', most: offset, names: ['id'] })) {
    last = found.at(-1) ?? last
    skipped += found.length
  }
  return { last, skipped }
}
