// A notifier as people write them for NodeGet: tells a chat about the runs that failed since it was last run.

const endpoint = env => String(env.endpoint).replace(/\/$/, '')
const hex = bytes => [...new Uint8Array(bytes)].map(byte => byte.toString(16).padStart(2, '0')).join('')

async function rpc(method, params) {
  const response = await nodeget(method, params)
  if (response?.error) throw new Error(`RPC ${method}: ${JSON.stringify(response.error)}`)
  return response.result
}

function render(template, values) {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name) => String(values[name] ?? ''))
}

async function sign(secret, body) {
  const bytes = new TextEncoder()
  const key = await crypto.subtle.importKey(
    'raw',
    bytes.encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  return hex(await crypto.subtle.sign('HMAC', key, bytes.encode(body)))
}

async function send(env, text) {
  const body = JSON.stringify({ chat_id: env.chat_id, text })
  try {
    const response = await fetch(`${endpoint(env)}/bot${env.bot_token}/sendMessage`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-signature': await sign(env.bot_token, body) },
      body,
      signal: AbortSignal.timeout(10_000),
    })
    const answer = await response.json()
    return answer.ok ? { ok: true } : { ok: false, error: answer.description || `HTTP ${response.status}` }
  } catch (error) {
    return { ok: false, error: String(error?.message ?? error) }
  }
}

async function check(params, env, ctx) {
  const failed = await rpc('js-result_query', {
    token: env.token,
    query: { condition: [{ js_worker_name: params.watch }, 'is_failure', { limit: 10 }] },
  })
  const time = new Date(params.now).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai', hour12: false })
  const bill = await ctx.inlineCall('traffic-bill', { action: 'get_summary' }, 20)
  const text = render(env.template, { worker: params.watch, count: failed.length, time, total: bill.total })
  const sent = await send(env, text)
  nodegetLog.info('notify', `sent=${sent.ok}`)
  return { ...sent, count: failed.length, caller: ctx.inlineCaller, entry: ctx.runType, name: ctx.workerName }
}

export default {
  async onCron(params, env, ctx) {
    try {
      return await check(params, env, ctx)
    } catch (error) {
      return { ok: false, error: String(error?.message ?? error) }
    }
  },
  async onCall(params, env, ctx) {
    return this.onCron(params, env, ctx)
  },
}
