type Json = Readonly<Record<string, unknown>>

const query = { condition: ['last'] }
const everything = { condition: [] }
const limits = [{ scopes: [{ js_worker: 'demo_*' }], permissions: [{ js_result: { read: '*' } }] }]
const worker = Buffer.from('export default { onCall: params => params }').toString('base64')

/** What stands for a member of this name, wherever a call holds it: the README's own names. */
const members: Json = {
  query,
  name: 'totals',
  js_script_name: 'totals',
  js_script_base64: worker,
  js_worker_name: 'demo_worker',
  full_name: 'events.Totals',
  fullName: 'events.Totals',
  full_names: ['app.on_order'],
  sender: 'shop.cart',
  kwargs: { prices: [3, 4] },
  run_type: 'call',
  request_id: 'order-1',
  requestId: 'order-1',
  start_time: 1775000000000,
  finish_time: 1775000000123,
  param: { hello: 'world' },
  result: { ok: true },
  service_id: 'a1b2c3d4',
  execution_id: 'execution-1',
  token_limit: limits,
  target_token: 'SomeTokenKey1234',
  scope: { js_worker: 'demo_worker' },
  permission: { js_result: { read: 'demo_worker' } },
  new_password: 'correct horse',
  field: 'finish_time',
  subscription: '3f2b8c1e-4a5d-4e6f-8a7b-9c0d1e2f3a4b',
}

/** The parameters of methods for which that is not enough. */
const calls: Readonly<Record<string, Json>> = {
  event_send: { sender: 'shop.cart', kwargs: { prices: [3, 4] } },
  'event-handler_create': {
    full_name: 'events.Totals',
    sender: 'shop.*',
    target: { kind: 'js_worker', name: 'totals' },
  },
  'event-handler_update': { full_name: 'events.Totals', enabled: false },
  'js-worker_update': { name: 'totals', description: 'sums prices' },
  'js-worker_run': { js_script_name: 'totals', params: { prices: [3, 4] } },
  sink_create: {
    name: 'failures',
    resource: 'js-result',
    query: { condition: ['is_failure'] },
    target: { webhook: { url: 'https://example.com/runs' } },
  },
  sink_update: { name: 'failures', format: 'row' },
  retention_preview: { id: 1 },
  token_edit: { target_token: 'SomeTokenKey1234', limit: limits },
  'change-event_publish': {
    events: [
      {
        body: {
          MachineAssign: { MachineKey: 'a1b2c3d4-0000-4000-8000-000000000006', MachineName: 'template' },
          EventType: 'machine.unassigned',
          FullFolderPath: 'Shared/Invoices',
        },
      },
    ],
  },
}

/** The parameters of an example call, without a credential; `schema` is the JSON Schema of them all. */
export function exampleParams(method: string, schema: Json): Json {
  const given = calls[method] ?? (sampleOf(schema) as Json)
  if (method.endsWith('_finish')) return { ...given, result: { ok: true } }
  if (method.endsWith('_subscribe')) return { ...given, query: everything }
  return method.endsWith('_delete') && 'query' in given ? { ...given, dry_run: true } : given
}

/** A value that fits a JSON Schema: of what may be left out nothing, of alternatives the first. */
export function sampleOf(schema: Json): unknown {
  if (Array.isArray(schema.examples)) return schema.examples[0]
  if ('const' in schema) return schema.const
  const [first] = (schema.enum ?? schema.anyOf ?? schema.oneOf ?? []) as readonly unknown[]
  if (first !== undefined) return schema.enum === undefined ? sampleOf(first as Json) : first
  const [all] = (schema.allOf ?? []) as readonly Json[]
  if (all !== undefined) return sampleOf(all)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  switch (type) {
    case 'object':
      return sampleObject(schema)
    case 'array':
      return sampleArray(schema)
    case 'string':
      return sampleText(schema)
    case 'integer':
    case 'number':
      return Math.max(1, Number(schema.minimum ?? 1))
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return {}
  }
}

function sampleObject({ properties = {}, required = [] }: Json): unknown {
  const known = properties as Readonly<Record<string, Json>>
  return Object.fromEntries(
    (required as readonly string[]).map(name => {
      const schema = known[name] ?? {}
      return [
        name,
        'enum' in schema || 'examples' in schema ? sampleOf(schema) : (members[name] ?? sampleOf(schema)),
      ]
    }),
  )
}

function sampleArray({ items, prefixItems, minItems }: Json): unknown {
  if (prefixItems !== undefined) return (prefixItems as readonly Json[]).map(sampleOf)
  if (items === undefined || Number(minItems ?? 1) === 0) return []
  return [sampleOf(items as Json)]
}

function sampleText({ format, minLength }: Json): string {
  if (format === 'uuid') return 'a1b2c3d4-0000-4000-8000-000000000001'
  return 'example'.padEnd(Number(minLength ?? 0), '.')
}
