import { z } from 'zod'
import { type ChainNode, type ChainRow, orderChain } from '../../event/send/chain.ts'
import { parseJson } from '../../json.ts'
import { findChain } from '../../resource/find-chain.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import type { RecordService } from '../../resource/records.ts'
import { rowSchema } from '../../resource/row.ts'
import { readFound } from '../../resource/select/found.ts'
import { credentialParam, defineMethod } from '../method.ts'

/** Rows of a chain that one call reads. */
const maxRows = 10_000

/** What the order and the summary of a chain are made of, whichever members are asked for. */
const ordered = [
  'id',
  'full_name',
  'status',
  'node_id',
  'parent_node_id',
  'created_time',
  'start_time',
  'finish_time',
  'error_message',
] as const satisfies readonly (keyof ChainRow)[]

/** `event-log_chain`: all that an event set off, as a tree laid out flat. */
export function chainMethod({ database, of }: RecordService) {
  const chains = { runner: database, records: of(eventLog) }
  return defineMethod({
    name: 'event-log_chain',
    summary: 'What an event set off: the records of one request id, each before those that it set off',
    params: {
      token: credentialParam,
      request_id: z.string(),
      node_id: z.string().optional().describe('Only this node and what it set off'),
      depth: z.int().min(0).optional().describe('How many levels below the first node'),
      fields: z
        .array(z.enum(eventLog.fields.map(field => field.name)))
        .min(1)
        .optional()
        .describe('Only these members of each node, beside its depth and duration'),
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
        .describe('How many chains of other callers have the same request id and records that you may read'),
      nodes: z.array(
        rowSchema(eventLog).partial().extend({ depth: z.int(), duration_ms: z.int().nullable() }),
      ),
    }),
    async handle({ params: { request_id: requestId, node_id: nodeId, depth, fields }, caller }) {
      const { found, others } = await findChain(chains, { requestId, nodeId }, caller)
      const read = fields === undefined ? undefined : [...ordered, ...fields]
      const all = await readFound(found, { order: 'oldest', limit: maxRows + 1, fields: read })
      const rows = all.slice(0, maxRows).map(({ text }) => parseJson(text) as ChainRow)
      const { nodes, ...summary } = orderChain(rows, { nodeId, depth })
      return {
        request_id: requestId,
        ...summary,
        truncated: all.length > maxRows,
        other_chains: others,
        nodes: fields === undefined ? nodes : nodes.map(node => withMembers(node, fields)),
      }
    },
  })
}

function withMembers(node: ChainNode<ChainRow>, fields: readonly string[]): object {
  const wanted = Object.entries(node).filter(([name]) => fields.includes(name))
  return { ...Object.fromEntries(wanted), depth: node.depth, duration_ms: node.duration_ms }
}
