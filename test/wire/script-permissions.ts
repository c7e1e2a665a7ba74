import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import type { Wire } from './support/wire.ts'

/** Does what it is asked for, and returns what became of it: a result, or the code and reason of an error. */
const obedient = `
const attempt = work => work().then(result => ({ result }), ({ code, data }) => ({ code, reason: data?.reason }))
const run = async ({ calls = [], sends = [], inline = [] }, env, ctx) => ({
  calls: await Promise.all(calls.map(([method, params]) => attempt(() => ctx.call(method, params)))),
  sends: await Promise.all(sends.map(event => attempt(() => ctx.send(event)))),
  inline: await Promise.all(inline.map(name => attempt(() => ctx.inlineCall(name, {})))),
})
export default { onCall: run, onEvent: run, onInlineCall: () => 'reached' }`

const js_script_base64 = Buffer.from(obedient).toString('base64')
const denied = { code: 102, reason: 'permission_denied' }
const wait = { wait_ms: 20_000 }

interface Outcome {
  readonly calls: readonly unknown[]
  readonly sends: readonly unknown[]
  readonly inline: readonly unknown[]
}

interface Ended {
  readonly status: string
  readonly result: Outcome | null
  readonly error_message: string | null
}

const limit = (scope: object, ...permissions: readonly object[]): object => ({ scopes: [scope], permissions })
const running = (name: string) => limit({ js_worker: name }, { js_worker: 'run_defined_js_worker' })
const creating = limit({ js_worker: 'run_*' }, { js_worker: 'create' })
const reading = (name: string) => limit({ js_worker: name }, { js_result: { read: '*' } })
const sending = (sender: string) => limit({ sender }, { event: { send: '*' } })
const handling = limit({ global: null }, { event_handler: { write: '*' } }, { event: { receive: 'from_*' } })
const readingLog = limit({ event: '*' }, { event_log: { read: '*' } })

const countOf = (js_worker_name: string) => [
  'js-result_count',
  { query: { condition: [{ js_worker_name }] } },
]

/** What scripts and the handlers that run them may do; `wire` is a server's, with no handler for the senders used here. */
export function describeScriptPermissions(wire: Wire): void {
  /** Makes a script worker that is owned by whose credential this is. */
  async function newWorker(owner?: string): Promise<string> {
    const name = `run_${randomUUID()}`
    await wire.result('js-worker_create', { name, js_script_base64 }, owner)
    return name
  }

  /** Makes a handler; resolves to the sender whose events it takes. */
  async function newHandler(target: object, owner?: string): Promise<string> {
    const sender = `from_${randomUUID()}`
    await wire.result('event-handler_create', { full_name: sender, sender, target }, owner)
    return sender
  }

  async function run(worker: string, params: object, caller?: string): Promise<Outcome> {
    const asked = { js_script_name: worker, params, ...wait }
    return (await wire.result<{ result: Outcome }>('js-worker_run', asked, caller)).result
  }

  async function handle(sender: string, kwargs: object, caller?: string): Promise<Ended> {
    const asked = { sender, kwargs, ...wait }
    const sent = await wire.result<{ event_logs: readonly { id: number }[] }>('event_send', asked, caller)
    // What became of it is nothing that each of these senders may read.
    const query = { condition: [{ id: sent.event_logs[0]?.id ?? 0 }] }
    const [ended] = await wire.result<readonly Ended[]>('event-log_query', { query })
    return ended as Ended
  }

  const runsOf = async (worker: string) => {
    const [method, params] = countOf(worker) as [string, object]
    return wire.result(method, params as Readonly<Record<string, unknown>>)
  }

  let owner: string
  let caller: string
  let worker: string

  beforeAll(async () => {
    owner = await wire.token([
      creating,
      running('run_*'),
      reading('both_*'),
      reading('owner_*'),
      sending('both'),
      sending('owner'),
    ])
    caller = await wire.token([
      running('run_*'),
      reading('both_*'),
      reading('caller_*'),
      sending('both'),
      sending('caller'),
      sending('from_*'),
    ])
    worker = await newWorker(owner)
  })

  const everything = {
    calls: [
      countOf('both_1'),
      countOf('owner_1'),
      countOf('caller_1'),
      countOf('nobodys'),
      ['token_list_all_tokens', {}],
    ],
    sends: [{ sender: 'both' }, { sender: 'owner' }, { sender: 'caller' }],
  }
  const whatBothMay = {
    calls: [{ result: { count: 0 } }, denied, denied, denied, denied],
    sends: [{ result: expect.objectContaining({ matched: false }) }, denied, denied],
    inline: [],
  }

  test('does what its caller and its owner both may, and nothing else', async () => {
    expect(await run(worker, everything, caller)).toEqual(whatBothMay)
  })

  test('does for the super token no more than its owner may, and for its caller no more when that is the owner', async () => {
    const byRoot = await run(worker, everything)
    expect(byRoot.calls).toEqual([{ result: { count: 0 } }, { result: { count: 0 } }, denied, denied, denied])
    const ownedByRoot = await newWorker()
    const { calls, sends } = await run(ownedByRoot, everything, caller)
    expect(calls).toEqual([{ result: { count: 0 } }, denied, { result: { count: 0 } }, denied, denied])
    expect(sends.map(each => each === undefined || (each as { code?: number }).code)).toEqual([
      undefined,
      102,
      undefined,
    ])
  })

  test('runs for an event with the rights of its sender and of its owner', async () => {
    const sender = await newHandler({ kind: 'js_worker', name: worker })
    const ended = await handle(sender, everything, caller)
    expect(ended).toMatchObject({ status: 'success', result: whatBothMay })
  })

  test('gets the narrowed limits of a JWT, not those of its token', async () => {
    const sender = await newHandler({ kind: 'js_worker', name: worker })
    const token_limit = [running('run_*'), reading('both_2*'), sending('from_*')]
    const { jwt } = await wire.result<{ jwt: string }>('token_issue', { ttl_ms: 60_000, token_limit }, caller)
    const asked = { calls: [countOf('both_1'), countOf('both_2')], sends: [{ sender: 'both' }] }
    const outcome = { calls: [denied, { result: { count: 0 } }], sends: [denied], inline: [] }
    expect(await handle(sender, asked, jwt)).toMatchObject({ status: 'success', result: outcome })
    expect(await run(worker, asked, jwt)).toEqual(outcome)
    const { calls, sends } = await run(worker, asked, caller)
    expect([...calls, ...sends]).toEqual(
      Array(3).fill(expect.objectContaining({ result: expect.anything() })),
    )
  })

  test('can neither issue a JWT nor leave its chain, whoever calls it', async () => {
    const all = await newWorker()
    const { calls } = await run(all, {
      calls: [
        ['token_issue', { ttl_ms: 1000 }],
        ['event_send', { sender: 'both' }],
        ['js-worker_run', { js_script_name: worker }],
        ['event-log_replay', { query: { condition: [{ sender: 'both' }] } }],
        ['events.services.EventSvc.sendEvent', { sender: 'both', kwargs: {} }],
        ['token_get', { token: 'root' }],
        ['rpc.nothing', {}],
      ],
    })
    const outside = { code: 102, reason: 'outside_chain' }
    expect(calls).toEqual([
      { code: 102, reason: 'jwt_cannot_issue' },
      outside,
      outside,
      outside,
      outside,
      { code: -32602, reason: 'token_not_allowed' },
      { code: -32601, reason: 'method_not_found' },
    ])
  })

  test('calls other scripts only where its caller and its owner both may run them', async () => {
    const [open, shut] = [await newWorker(), await newWorker()]
    const narrow = await wire.token([running(worker), running(open)])
    const { inline } = await run(worker, { inline: [open, shut, 'run_none'] }, narrow)
    expect(inline).toEqual([{ result: 'reached' }, denied, denied])
  })

  /**
   * What becomes of an event that waits for a script while something happens: the handler is a remote one until then,
   * so that nothing can run too early.
   */
  async function waitThrough(sentBy: string | undefined, happen: () => Promise<unknown>): Promise<Ended> {
    const marked = await newWorker()
    const sender = await newHandler({ kind: 'remote' })
    const { request_id } = await wire.result<{ request_id: string }>(
      'event_send',
      { sender, kwargs: {} },
      sentBy,
    )
    await happen()
    await wire.result('event-handler_update', {
      full_name: sender,
      target: { kind: 'js_worker', name: marked },
    })
    const query = { condition: [{ request_id }] }
    const read = async () => (await wire.result<Ended[]>('event-log_query', { query }))[0]?.status
    // What overlaps a change of its handler's target may wait for the sweep, which comes once a minute.
    await expect.poll(read, { timeout: 90_000, interval: 20 }).toMatch(/success|fail/)
    const [row] = await wire.result<Ended[]>('event-log_query', { query })
    expect(await runsOf(marked)).toEqual({ count: row?.status === 'success' ? 1 : 0 })
    return row as Ended
  }

  test('is not run for a sender whose token was deleted or has expired since', {
    timeout: 180_000,
  }, async () => {
    const senderLimits = [sending('from_*')]
    const life = 2000
    const short = await wire.token(senderLimits, { timestamp_to: Date.now() + life })
    const expiring = waitThrough(short, () => sleep(life + 50))
    const revoked = await wire.token(senderLimits)
    const key = revoked.slice(0, 16)
    expect(
      await waitThrough(revoked, () => wire.result('token_delete', { target_token: key })),
    ).toMatchObject({ status: 'fail', error_message: expect.stringMatching(/^permission_denied/) })
    const { jwt } = await wire.result<{ jwt: string }>(
      'token_issue',
      { ttl_ms: 60_000 },
      await wire.token(senderLimits),
    )
    expect(await waitThrough(jwt, async () => undefined)).toMatchObject({ status: 'success' })
    expect(await expiring).toMatchObject({
      status: 'fail',
      error_message: expect.stringMatching(/^(permission_denied|credential_expired)/),
    })
  })

  test('is not run by a handler whose owner may not run it, or not any more', async () => {
    const marked = await newWorker()
    const target = { kind: 'js_worker', name: marked }
    const ownerDenied = {
      status: 'fail',
      result: null,
      error_message: expect.stringMatching(/^permission_denied/),
    }
    const never = { full_name: 'from_never', sender: 'from_never', target }
    const made = await wire.call('event-handler_create', never, await wire.token([handling]))
    expect(made).toMatchObject({ error: { code: 102 } })

    const once = await wire.token([handling, running('run_*')])
    const sender = await newHandler(target, once)
    expect(await handle(sender, {})).toMatchObject({ status: 'success' })
    const target_token = once.slice(0, 16)
    await wire.result('token_edit', { target_token, limit: [handling] })
    expect(await handle(sender, {})).toMatchObject(ownerDenied)
    await wire.result('token_delete', { target_token })
    // Its maker may receive nothing any more.
    expect(await handle(sender, {})).toBeUndefined()
    expect(await runsOf(marked)).toEqual({ count: 1 })
  })

  test('is not run once its own owner is gone', async () => {
    const made = await wire.token([creating])
    const orphan = await newWorker(made)
    const sender = await newHandler({ kind: 'js_worker', name: orphan })
    expect(await handle(sender, {})).toMatchObject({ status: 'success' })
    await wire.result('token_delete', { target_token: made.slice(0, 16) })
    expect(await handle(sender, {})).toMatchObject({
      status: 'fail',
      error_message: expect.stringMatching(/^permission_denied/),
    })
    expect(await wire.call('js-worker_run', { js_script_name: orphan, ...wait })).toMatchObject({
      error: { code: 102 },
    })
    expect(await runsOf(orphan)).toEqual({ count: 1 })
  })

  test('does what whoever changed it may, not what its first owner could', async () => {
    const changed = await newWorker()
    const changer = await wire.token([
      limit({ js_worker: 'run_*' }, { js_worker: 'write' }),
      reading('both_*'),
    ])
    await wire.result('js-worker_update', { name: changed, env: { mine: true } }, changer)
    const { calls } = await run(changed, { calls: [countOf('both_1'), ['token_list_all_tokens', {}]] })
    expect(calls).toEqual([{ result: { count: 0 } }, denied])
  })

  test('shows in its chain only what its reader may read', async () => {
    const sender = await newHandler({ kind: 'js_worker', name: worker })
    const sent = await wire.result<{ request_id: string }>(
      'event_send',
      { sender, kwargs: {}, ...wait },
      caller,
    )
    const asked = { request_id: sent.request_id }
    expect(await wire.call('event-log_chain', asked, caller)).toMatchObject({ error: { code: 102 } })
    const reader = await wire.token([readingLog])
    expect(await wire.result('event-log_chain', asked, reader)).toMatchObject({ status: 'success' })
  })
}
