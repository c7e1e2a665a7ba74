import type { BrowserContext } from 'playwright-core'

/** Notes what pages of a context do wrong. Returns what reads the list. */
export function watchFaults(context: BrowserContext, origin: string): () => readonly string[] {
  const faults: string[] = []
  const note = (kind: string, what: string): void => void faults.push(`${kind}: ${what}`)
  const requireOwn = (url: string): void => {
    if (!isOwn(url, origin)) note('another host', url)
  }
  // A violation of the Content-Security-Policy is such a message, too.
  context.on('console', message => {
    if (message.type() === 'error') note('console', message.text())
  })
  context.on('weberror', fault => note('error', String(fault.error().stack ?? fault.error())))
  context.on('request', request => requireOwn(request.url()))
  context.on('page', page => page.on('websocket', socket => requireOwn(socket.url().replace(/^ws/, 'http'))))
  return () => faults
}

function isOwn(url: string, origin: string): boolean {
  const { protocol, origin: asked } = new URL(url)
  return asked === origin || ['data:', 'blob:', 'about:'].includes(protocol)
}
