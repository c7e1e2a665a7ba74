import { z } from 'zod'
import { equal } from '../../condition/predicate.ts'
import { type ChainRow, orderChain } from '../../event/send/chain.ts'
import { parseJson } from '../../json.ts'
import { findChain } from '../../resource/chain-owner.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import { rowSchema } from '../../resource/row.ts'
import { rowFilter } from '../../resource/select/access.ts'
import { readRows } from '../../resource/select/read.ts'
import { credentialParam, defineMethod } from '../method.ts'
import { type LogMethodDeps, readerOf } from '../record/record-method.ts'

/** Rows of a chain that one call reads. */
const maxRows = 10_000

/** `event-log_chain`: all that an event set off, as a tree laid out flat. */
export function chainMethod(deps: LogMethodDeps) {
  const reader = readerOf(eventLog, deps)
  return defineMethod({
    name: 'event-log_chain',
    summary: 'What an event set off: the records of one request id, each before those that it caused',
    params: {
      token: credentialParam,
      request_id: z.string(),
      node_id: z.string().optional().describe('Only what this place and those below it did'),
      depth: z.int().min(0).optional().describe('How many levels below the first'),
    },
    result: z.strictObject({
      request_id: z.string(),
      status: z.enum(['running', 'success', 'fail']).nullable().describe('null: there is no such record'),
      duration_ms: z.int().nullable(),
      first_failure: z
        .object({
          id: z.int(),
          full_name: z.string(),
          node_id: z.string(),
          error_message: z.string().nullable(),
        })
        .nullable(),
      truncated: z.boolean().describe(`Whether there are more than ${maxRows} records`),
      other_chains: z
        .int()
        .describe('How many other callers’ chains have the same request id and records that may be read'),
      nodes: z.array(rowSchema(eventLog).extend({ depth: z.int(), duration_ms: z.int().nullable() })),
    }),
    async handle({ params: { request_id: requestId, node_id: nodeId, depth }, caller }) {
      const readable = rowFilter(eventLog, 'read', caller)
      const { predicate, others } = await findChain(deps.database, { requestId, nodeId }, caller)
      const predicates = [equal('request_id', requestId), predicate, ...readable]
      const selection = {
        segments: [predicates],
        names: undefined,
        order: 'oldest',
        limit: maxRows + 1,
      } as const
      const texts = await readRows(reader, selection)
      const rows = texts.slice(0, maxRows).map(text => parseJson(text) as ChainRow)
      const { nodes, ...summary } = orderChain(rows, { nodeId, depth })
      return {
        request_id: requestId,
        ...summary,
        truncated: texts.length > maxRows,
        other_chains: others,
        nodes,
      }
    },
  })
}
