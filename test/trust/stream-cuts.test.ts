import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { type Gateway, openGateway } from '../client/gateway.ts'
import { numbersTo } from '../stream/recording-subscriber.ts'
import { secrets, startTestApp, type TestApp } from '../wire/support/app.ts'

const cuts = 100
const events = 5000

describe('a subscriber that is cut 100 times', () => {
  let app: TestApp
  let gateway: Gateway

  beforeAll(async () => {
    app = await startTestApp('postgres')
    gateway = await openGateway(app.url)
  })
  afterAll(async () => {
    await gateway.close()
    await app.close()
  })

  test('gets 5,000 events, each once and in order', async () => {
    const writer = createClient({ url: app.url, token: secrets.root })
    const reader = createClient({ url: gateway.url, token: secrets.root })
    let isOpen = false
    let faults = 0
    const changes = reader.subscribe('service-event', [], {
      after: 0,
      onOpen() {
        isOpen = true
      },
      onFault: () => void faults++,
    })
    const numbers: number[] = []
    const reading = (async () => {
      for await (const { cursor, row } of changes) {
        expect(row.event_info).toBe(`event ${cursor}`)
        if (numbers.push(Number(cursor)) >= events) break
      }
    })()

    let written = 0
    const write = async (): Promise<void> => {
      for (let n = 0; n < 2; n++) {
        const rows = Array.from({ length: events / cuts / 2 }, () => ({
          project_id: 'p',
          service_id: 's',
          service_name: 'n',
          event_info: `event ${++written}`,
        }))
        await writer.append('service-event', rows)
      }
    }
    for (let cut = 0; cut < cuts; cut++) {
      while (!isOpen) await sleep(1)
      const writing = write()
      await sleep(Math.random() * 20)
      isOpen = false
      gateway.cut()
      gateway.mend(app.url)
      await writing
    }
    await reading
    expect(numbers).toEqual(numbersTo(events))
    expect(faults).toBeGreaterThanOrEqual(cuts - 1)
  })
})
