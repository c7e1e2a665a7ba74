import { z } from 'zod'
import { RpcError } from '../../errors.ts'
import { parseInput } from '../../parse-input.ts'
import { resourceNamed, resources } from '../../resource/kind/index.ts'
import { planLive } from '../../resource/query.ts'
import { readablePredicates } from '../../resource/records.ts'
import { formatSchema } from '../../stream/format.ts'
import type { Hub } from '../../stream/hub.ts'
import type { Tickets } from '../../stream/ticket.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { afterSchema } from './subscribe.ts'

export interface StreamTicketDeps {
  readonly hub: Pick<Hub, 'cursors'>
  readonly maxConditions: number
  readonly tickets: Tickets
}

/** `stream_ticket`: what a browser's EventSource, which can send no header, opens a stream with. */
export function streamTicketMethod({ hub, maxConditions, tickets }: StreamTicketDeps): Method {
  return defineMethod({
    name: 'stream_ticket',
    summary: 'A short-lived ticket for GET /stream?ticket=…, with the rights of the presented credential',
    params: {
      token: credentialParam,
      resource: z.enum(resources.map(({ name }) => name)),
      query: z
        .strictObject({ condition: z.array(z.unknown()) })
        .default({ condition: [] })
        .describe('Conditions as in X_subscribe of the resource'),
      after: afterSchema.optional(),
      format: z.string().default('row').describe('row; for change-event also envelope'),
    },
    result: z.strictObject({
      ticket: z.string(),
      expires_at: z.int().describe('Epoch ms; until then it begins streams, which can be resumed for a day'),
    }),
    async handle({ params, caller }) {
      const { after, query } = params
      const resource = resourceNamed(params.resource)
      if (resource === undefined) throw new TypeError('the schema lists the resources')
      const format = parseInput(formatSchema(resource), params.format, { path: 'format' })
      readablePredicates(resource, caller, planLive(resource, query, { maxConditions }))
      // A script could give it away, and it would outlive the run.
      if (caller.presented === undefined) throw credentialNeeded()
      const number =
        after === undefined ? undefined : hub.cursors.read({ resource, caller }, String(after), 'after')
      const { condition } = query
      const asked = { resource: resource.name, condition, format, after: number }
      const { ticket, beginUntil } = tickets.mint(caller.presented, asked)
      return { ticket, expires_at: beginUntil }
    },
  })
}

function credentialNeeded(): RpcError {
  return new RpcError('permission_denied', 'A script has no credential to make a ticket from')
}
