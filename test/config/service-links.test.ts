import { expect, test } from 'vitest'
import { settings } from '../../src/config/settings.ts'
import { readConfig } from '../../src/config.ts'

/** What Kubernetes sets in every pod of the namespace, for a Service of this name with two ports. */
function serviceLinks(service: string, address: string): Readonly<Record<string, string>> {
  const name = service.toUpperCase().replaceAll('-', '_')
  const host = address.includes(':') ? `[${address}]` : address
  return {
    [`${name}_SERVICE_HOST`]: address,
    [`${name}_SERVICE_PORT`]: '7411',
    [`${name}_SERVICE_PORT_HTTP`]: '7411',
    [`${name}_SERVICE_PORT_HTTP_METRICS`]: '9090',
    [`${name}_PORT`]: `tcp://${host}:7411`,
    [`${name}_PORT_7411_TCP`]: `tcp://${host}:7411`,
    [`${name}_PORT_7411_TCP_PROTO`]: 'tcp',
    [`${name}_PORT_7411_TCP_PORT`]: '7411',
    [`${name}_PORT_7411_TCP_ADDR`]: address,
    [`${name}_PORT_53_UDP`]: `udp://${host}:53`,
    [`${name}_PORT_53_UDP_PROTO`]: 'udp',
    [`${name}_PORT_53_UDP_PORT`]: '53',
    [`${name}_PORT_53_UDP_ADDR`]: address,
  }
}

test.each(['daybook', 'daybook-web', 'daybook-data', 'daybook-url', 'daybook-port', 'daybook-2'])(
  'the variables of the Service %s are ignored',
  service => {
    const untouched = readConfig({ env: {} })
    for (const address of ['10.96.0.12', 'fd00:10:96::c']) {
      expect(readConfig({ env: serviceLinks(service, address) })).toEqual(untouched)
    }
  },
)

test.each([
  ['DAYBOOK_PORT', '7411'],
  ['DAYBOOK_SERVICE_HOST', 'example.com'],
  ['DAYBOOK_SERVICE_PORT', 'http'],
  ['DAYBOOK_SERVICE_HOSTS', '10.96.0.12'],
  ['DAYBOOK_WEB_PORT', '80'],
  ['DAYBOOK_PORT_7411_TCP', '10.96.0.12'],
  ['DAYBOOK_PORT_7411_TCP_PROTO', 'http'],
])('%s=%s is none of them', (variable, value) => {
  expect(() => readConfig({ env: { [variable]: value } })).toThrow(variable)
})

test('no setting could be taken for one', () => {
  const form = /_SERVICE_HOST$|_SERVICE_PORT|_PORT$|_PORT_\d/
  for (const variable of Object.keys(settings)) expect(variable).not.toMatch(form)
})
