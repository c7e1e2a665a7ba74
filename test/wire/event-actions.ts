/** What one limit must hold for a call to be let through, and what is not enough. */
export interface EventAction {
  readonly method: string
  /** The call on the object of this name, whether there is one or not. */
  readonly params: (name: string) => Readonly<Record<string, unknown>>
  readonly scope: 'sender' | 'event' | 'js_worker'
  /** The permission on names of this pattern. */
  readonly permission: (pattern: string) => object
  /** What it needs beside that. */
  readonly also?: readonly object[]
  /** Another verb of the same permission. */
  readonly neighbour: (pattern: string) => object
  /** Whether the name is that of an object that may be there or not. */
  readonly isNamed: boolean
}

const js_script_base64 = Buffer.from('export default { onCall() {} }').toString('base64')

function handlerAction(method: string, verb: string, more: object = {}): EventAction {
  return {
    method: `event-handler_${method}`,
    params: full_name => ({ full_name, ...more }),
    scope: 'event',
    permission: pattern => ({ event_handler: { [verb]: pattern } }),
    neighbour: pattern => ({ event_handler: { [verb === 'read' ? 'write' : 'read']: pattern } }),
    isNamed: true,
  }
}

function taskAction(method: string, more: object = {}): EventAction {
  const { scope, permission, neighbour } = handlerAction('', 'claim')
  const params = () => ({ id: 10 ** 9, attempt: 1, ...more })
  return { method: `event-task_${method}`, params, scope, permission, neighbour, isNamed: false }
}

function logAction(method: string, verb: string): EventAction {
  return {
    method: `event-log_${method}`,
    params: full_name => ({ query: { condition: [{ full_name }] }, dry_run: true }),
    scope: 'event',
    permission: pattern => ({ event_log: { [verb]: pattern } }),
    neighbour: pattern => ({ event_log: { [verb === 'read' ? 'write' : 'read']: pattern } }),
    isNamed: true,
  }
}

// The permissions of workers are verbs alone: the scope says on which names.
function workerAction(method: string, verb: string, member: string, more: object = {}): EventAction {
  return {
    method: `js-worker_${method}`,
    params: name => ({ [member]: name, ...more }),
    scope: 'js_worker',
    permission: () => ({ js_worker: verb }),
    neighbour: () => ({ js_worker: verb === 'read' ? 'write' : 'read' }),
    isNamed: true,
  }
}

/** Every method of events, handlers, tasks and workers that asks for a permission. */
export const eventActions: readonly EventAction[] = [
  {
    method: 'event_send',
    params: sender => ({ sender }),
    scope: 'sender',
    permission: pattern => ({ event: { send: pattern } }),
    neighbour: pattern => ({ event_handler: { write: pattern } }),
    isNamed: true,
  },
  { ...logAction('chain', 'read'), params: request_id => ({ request_id }), isNamed: false },
  logAction('cancel', 'write'),
  logAction('replay', 'read'),
  {
    ...handlerAction('create', 'write', { sender: 'nobody', target: { kind: 'remote' } }),
    also: [
      { scopes: [{ sender: 'nobody' }], permissions: [{ event: { receive: 'nobody' } }] },
      { scopes: [{ event: '*' }], permissions: [{ event_handler: { claim: '*' } }] },
    ],
  },
  handlerAction('read', 'read'),
  handlerAction('update', 'write', { description: 'changed' }),
  handlerAction('delete', 'delete'),
  { ...handlerAction('list', 'read'), params: () => ({}), isNamed: false },
  { ...taskAction('claim'), params: full_name => ({ full_names: [full_name] }), isNamed: true },
  taskAction('heartbeat'),
  taskAction('complete', { result: 1 }),
  taskAction('fail', { error_message: 'x' }),
  workerAction('create', 'create', 'name', { js_script_base64 }),
  workerAction('read', 'read', 'name'),
  workerAction('update', 'write', 'name', { max_run_time: 1000 }),
  workerAction('delete', 'delete', 'name'),
  workerAction('run', 'run_defined_js_worker', 'js_script_name'),
  { ...workerAction('list', 'list_all_js_worker', ''), params: () => ({}), isNamed: false },
  { ...workerAction('list_all_js_worker', 'list_all_js_worker', ''), params: () => ({}), isNamed: false },
  { ...workerAction('get_rt_pool', 'list_all_js_worker', ''), params: () => ({}), isNamed: false },
]
