// A route with a form as people write them for NodeGet: shows a page, and takes what is filled in, behind a secret.

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeHtml = text => String(text).replace(/[&<>"]/g, character => escapes[character])

function isAllowed(request, env) {
  const url = new URL(request.url)
  const given = url.searchParams.get('s') || request.headers.get('X-Route-Secret') || ''
  return given === env.route_secret
}

function page(values) {
  const fields = Object.entries(values).map(
    ([name, value]) => `<input name="${name}" value="${escapeHtml(value)}">`,
  )
  return new Response(`<!doctype html><form method="post" action="config">${fields.join('')}</form>`, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  })
}

async function fieldsOf(request) {
  const type = request.headers.get('content-type') ?? ''
  if (type.startsWith('application/json')) return request.json()
  return Object.fromEntries(await request.formData())
}

export default {
  async onRoute(request, env, ctx) {
    const match = /\/worker-route\/([-_.0-9a-zA-Z]+)(\/.*)?$/.exec(new URL(request.url).pathname)
    const path = match?.[2] ?? '/'
    if (path === '/icon')
      return new Response(
        Uint8Array.from(atob('iVBORw0K'), c => c.charCodeAt(0)),
        { headers: { 'content-type': 'image/png' } },
      )
    if (!isAllowed(request, env)) return Response.json({ ok: false, error: 'unauthorized' }, { status: 401 })
    if (request.method === 'GET' && path === '/ui') return page({ name: '<you>', route: match[1] })
    if (request.method === 'POST' && path === '/config') {
      const saved = await fieldsOf(request)
      if (!saved.name) return new Response('a name is missing', { status: 400 })
      if (saved.back) return Response.redirect(new URL('ui?saved=1', request.url), 303)
      return Response.json({
        ok: true,
        saved,
        from: request.headers.get('NG-Connecting-IP'),
        entry: ctx.runType,
      })
    }
    return new Response('not found', { status: 404 })
  },
}
