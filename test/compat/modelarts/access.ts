import { describe } from 'vitest'
import type { Wire } from '../../wire/support/wire.ts'
import { describeRestAccess } from '../rest/access.ts'
import { eventsPath } from './path.ts'

export function describeServiceAccess(wire: Wire): void {
  describe('access', () => {
    describeRestAccess(wire, {
      resource: 'service-event',
      nameField: 'service_id',
      scope: 'service',
      permission: 'service_event',
      pathOf: service => eventsPath(service, '', 'access'),
      row: service => ({
        project_id: 'access',
        service_id: service,
        service_name: 'n',
        event_info: `of ${service}`,
      }),
      body: () => ({ service_name: 'n', event_info: 'written' }),
      said: answer => answer.events.map((event: { event_info: string }) => event.event_info),
      saidBy: row => String(row.event_info),
      absent: 404,
    })
  })
}
