import { expect, test } from 'vitest'
import { readEventPage } from '../../../src/compat/modelarts/read-events.ts'
import type { Database, Reading } from '../../../src/database/database.ts'
import { createStatementCache } from '../../../src/database/statement-cache.ts'
import { serviceEvent } from '../../../src/resource/kind/service-event.ts'
import { createRecordService } from '../../../src/resource/records.ts'
import { superToken } from '../../resource/caller.ts'
import { describeEngines } from '../../support/databases.ts'

describeEngines('a page of a service’s events', open => {
  test('is read together with the name of the service, so that it is not older', async () => {
    const database = await open()
    /** Which of the reads that belong together each statement was of. */
    const ran: number[] = []
    let begun = 0
    const together = (isOnPrimary: boolean): Reading => {
      const number = ++begun
      return {
        isOnPrimary,
        run(statement, values) {
          ran.push(number)
          return database.read.run(statement, values)
        },
      }
    }
    const withReplica: Database = Object.create(database, {
      read: { value: { run: database.read.run, together } },
    })
    const records = createRecordService({
      database: withReplica,
      cache: createStatementCache(),
      clock: () => 1_775_000_000_000,
      maxConditions: 100,
      onRows: () => undefined,
    }).of(serviceEvent)
    const place = { project_id: 'any', service_id: 'some' }
    await records.append(superToken, [{ ...place, service_name: 'a name', event_info: 'info' }])
    const query = { ...place, skip: 0, limit: 1, sort_by: 'occur_time', order: 'asc' } as const
    const page = await readEventPage(records, ['event_info'], query, superToken)
    expect(page).toMatchObject({ serviceName: 'a name', total: 1 })
    // The name, the page and the count.
    expect(ran).toHaveLength(3)
    expect(new Set(ran).size).toBe(1)
  })
})
