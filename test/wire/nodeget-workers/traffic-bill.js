// A traffic bill as people write them for NodeGet: counts what each node has sent since its billing day, and prices it.

const gibibyte = 1073741824
const shanghai = 8 * 3600_000

function periodStart(now, billingDay) {
  const date = new Date(now + shanghai)
  const month = date.getUTCDate() < billingDay ? date.getUTCMonth() - 1 : date.getUTCMonth()
  const days = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate()
  return Date.UTC(date.getUTCFullYear(), month, Math.min(billingDay, days)) - shanghai
}

async function ledger(env) {
  const { result, error } = await nodeget({
    jsonrpc: '2.0',
    id: randomUUID(),
    method: 'js-result_query',
    params: {
      token: env.token,
      query: {
        condition: [{ js_worker_name: 'traffic-bill' }, { run_type: 'cron' }, 'is_success', { last: null }],
      },
    },
  })
  if (error) throw new Error(error.message)
  return new Map(Object.entries(result[0]?.result?.nodes ?? {}))
}

async function audit({ samples, now }, env) {
  const before = await ledger(env)
  const start = periodStart(now, env.billing_day)
  const nodes = {}
  for (const { uuid, total } of samples) {
    const last = before.get(uuid)
    const isNew = last === undefined || last.start !== start
    const delta = last === undefined ? 0 : total >= last.total ? total - last.total : total
    nodes[uuid] = { start, total, used: (isNew ? 0 : last.used) + delta }
  }
  return { ok: true, nodes }
}

async function summary(env) {
  const nodes = [...(await ledger(env)).values()]
  const used = nodes.reduce((sum, node) => sum + node.used, 0) / gibibyte
  const price = used * env.price
  return {
    used: used.toLocaleString('de-DE', { maximumFractionDigits: 2 }),
    total: new Intl.NumberFormat('zh-CN', { style: 'currency', currency: 'CNY' }).format(price),
    since: nodes[0] && new Date(nodes[0].start).toISOString(),
  }
}

function json(data, status = 200) {
  return new Response(JSON.stringify(data), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'access-control-allow-origin': '*' },
  })
}

export default {
  async onCron(params, env) {
    return audit(params, env)
  },
  async onInlineCall(params, env, ctx) {
    if (params.action !== 'get_summary') return { ok: false, error: `unknown action: ${params.action}` }
    return { ...(await summary(env)), caller: ctx.inlineCaller }
  },
  async onRoute(request, env) {
    const { pathname } = new URL(request.url)
    if (request.method.toUpperCase() === 'OPTIONS') {
      return new Response(null, {
        status: 204,
        headers: { 'access-control-allow-methods': 'GET,POST,OPTIONS' },
      })
    }
    return pathname.endsWith('/summary')
      ? json(await summary(env))
      : json({ ok: false, error: 'not found' }, 404)
  },
}
