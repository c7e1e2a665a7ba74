import { createSecureContext, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createOutbound, type OutboundRequest } from '../../src/outbound/outbound.ts'
import { listenHttps } from './listener.ts'
import { selfSigned } from './self-signed.ts'

function get(url: string): OutboundRequest {
  return { url, method: 'GET', headers: {}, timeoutMs: 10_000, maxBytes: 1024 }
}

async function startServer() {
  const serverNames: string[] = []
  const requests: string[] = []
  const { port } = await listenHttps(
    {
      ...selfSigned,
      SNICallback: (name, done) => {
        serverNames.push(name)
        done(null, createSecureContext(selfSigned))
      },
    },
    (request, response) => {
      requests.push(request.headers.host ?? '')
      response.end('ok')
    },
  )
  const outbound = createOutbound({ allow: ['127.0.0.1'], resolve: async () => ['127.0.0.1'] })
  onTestFinished(() => outbound.close())
  return { port, serverNames, requests, outbound }
}

test('a certificate that nobody vouches for gets no request, also when the environment would let it', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const { port, serverNames, requests, outbound } = await startServer()
  const refused = outbound.request(get(`https://hooks.example:${port}/`))
  await expect(refused).rejects.toMatchObject({ reason: 'connection_failed', retryable: true })
  expect(serverNames).toEqual(['hooks.example'])
  expect(requests).toEqual([])
})

test('a trusted certificate counts for its own name only, although the connection goes to an address', async () => {
  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, selfSigned.cert])
  onTestFinished(() => setDefaultCACertificates(trusted))
  const { port, serverNames, requests, outbound } = await startServer()
  expect(await outbound.request(get(`https://hooks.example:${port}/`))).toMatchObject({ body: 'ok' })
  for (const host of ['other.example', '127.0.0.1']) {
    const refused = outbound.request(get(`https://${host}:${port}/`))
    await expect(refused).rejects.toMatchObject({ reason: 'connection_failed' })
  }
  expect(serverNames).toEqual(['hooks.example', 'other.example'])
  expect(requests).toEqual([`hooks.example:${port}`])
})
