import { z } from 'zod'
import { beyond } from '../../condition/cursor.ts'
import { credentialParam, defineMethod, type Method } from '../../method/method.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import type { RecordService } from '../../resource/records.ts'
import { countFound, type Found, readFound, walkFound } from '../../resource/select/found.ts'
import type { PlacedRow } from '../../resource/select/read.ts'
import { parseWallTime, type WallClock, wallTimePattern } from '../../schedule/wall-time.ts'
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

/** `getEventLog`: what one handler did, newest first, a page at a time. */
export function getEventLogMethod(name: string, { of, onRows }: RecordService, clock: WallClock): Method {
  const records = of(eventLog)
  return defineMethod({
    name,
    summary: 'The records of one event handler, newest first',
    // Null is JitAi's default; by position it stands for what is left out.
    params: {
      fullName: z.string().describe('Full name of the handler; literal, never a pattern'),
      startTime: wallTime.nullish().describe('Only records from this time; in the server’s time zone'),
      endTime: wallTime
        .nullish()
        .describe('Only records up to the end of this second; in the server’s time zone'),
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
      const found = records.find(caller, condition)
      const answer = await readPage(found, { page: page ?? 1, size: pageSize ?? 20 }, clock)
      onRows(eventLog.name, 'returned', answer.rowDatas.length)
      return answer
    },
  })
}

async function readPage(
  found: Found,
  { page, size }: { page: number; size: number },
  clock: WallClock,
): Promise<RowDatas> {
  const counted = await countFound(found)
  const offset = (page - 1) * size
  if (offset >= counted) return { totalCount: counted, rowDatas: [] }
  const { last, skipped } = await skipRows(found, offset)
  const isBeyond = skipped < offset
  const starts = last && beyond({ order: 'newest', ...last }, eventLog.ordering)
  const rows = isBeyond ? [] : await readFound(found, { order: 'newest', starts, limit: size })
  const seen = skipped + rows.length
  // A page that is not full ends where the records end. After a full one the count stands, unless records were
  // deleted since it was taken.
  const totalCount = rows.length < size ? seen : Math.max(counted, seen)
  return { totalCount, rowDatas: rowDatasOf(rows, clock) }
}

/** Where the page begins; records that are appended meanwhile do not move it. */
async function skipRows(
  found: Found,
  offset: number,
): Promise<{ readonly last: PlacedRow | undefined; readonly skipped: number }> {
  let last: PlacedRow | undefined
  let skipped = 0
  for await (const rows of walkFound(found, { order: 'newest', most: offset, fields: ['id'] })) {
    last = rows.at(-1) ?? last
    skipped += rows.length
  }
  return { last, skipped }
}
