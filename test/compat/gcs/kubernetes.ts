import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Wire } from '../../wire/support/wire.ts'
import { askRest } from '../rest/ask.ts'
import { executionPath } from './path.ts'

const metadata = {
  name: 'web-0.17c9d1f0a1b2c3d4',
  namespace: 'shop',
  uid: '0f0e0d0c-0000-4000-8000-000000000001',
  resourceVersion: '4711',
  creationTimestamp: '2026-03-01T08:00:00Z',
  labels: { app: 'web' },
  managedFields: [{ manager: 'kubelet', operation: 'Update', apiVersion: 'v1', fieldsV1: { 'f:count': {} } }],
}
const object = {
  kind: 'Pod',
  namespace: 'shop',
  name: 'web-0',
  uid: '0f0e0d0c-0000-4000-8000-000000000002',
  apiVersion: 'v1',
  resourceVersion: '4700',
  fieldPath: 'spec.containers{web}',
}

/** As `kubectl get events -o json` prints it. */
const core = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata,
  involvedObject: object,
  reason: 'BackOff',
  message: 'Back-off restarting failed container',
  source: { component: 'kubelet', host: 'node-1' },
  firstTimestamp: '2026-03-01T08:00:00Z',
  lastTimestamp: '2026-03-01T08:05:00Z',
  count: 7,
  type: 'Warning',
  eventTime: null,
  reportingComponent: 'kubelet',
  reportingInstance: 'node-1',
}

/** As `kubectl get events.events.k8s.io -o json` prints what the scheduler told. */
const events = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata,
  eventTime: '2026-03-01T08:00:00.123456Z',
  series: { count: 7, lastObservedTime: '2026-03-01T08:05:00.654321Z' },
  reportingController: 'default-scheduler',
  reportingInstance: 'default-scheduler-node-1',
  action: 'Scheduling',
  reason: 'FailedScheduling',
  regarding: object,
  related: { kind: 'Node', name: 'node-1' },
  note: '0/1 nodes are available',
  type: 'Warning',
  deprecatedSource: {},
  deprecatedFirstTimestamp: null,
  deprecatedLastTimestamp: null,
}

export function describeKubernetes(wire: Wire): void {
  const post = async (execution: string, body: unknown): Promise<readonly number[]> => {
    const { status, json } = await askRest(wire, executionPath(execution), { body })
    expect(status, JSON.stringify(json)).toBe(200)
    return json.ids
  }
  const read = async (execution: string) => (await askRest(wire, executionPath(execution))).json

  describe('an event of Kubernetes', () => {
    test('is taken as core/v1 has it', async () => {
      await post('core', core)
      expect(await read('core')).toEqual([
        {
          metadata: { name: metadata.name, namespace: 'shop' },
          involvedObject: { name: 'web-0', namespace: 'shop' },
          reason: 'BackOff',
          message: 'Back-off restarting failed container',
          firstTimestamp: '2026-03-01T08:00:00Z',
          lastTimestamp: '2026-03-01T08:05:00Z',
          count: 7,
          type: 'Warning',
          elemType: 'Pod',
          elemId: 'web-0',
          actionName: null,
        },
      ])
    })

    test('is taken as events.k8s.io/v1 has it', async () => {
      await post('new', events)
      expect(await read('new')).toMatchObject([
        {
          involvedObject: { name: 'web-0', namespace: 'shop' },
          message: '0/1 nodes are available',
          firstTimestamp: '2026-03-01T08:00:00Z',
          lastTimestamp: '2026-03-01T08:05:00Z',
          count: 7,
          elemType: 'Pod',
          actionName: 'Scheduling',
        },
      ])
      // The same object, as the other version of the API gives it.
      const { note, series, regarding, deprecatedSource: _, ...rest } = events
      const { reportingController: reportingComponent, ...same } = rest
      await post('new', { ...same, involvedObject: regarding, message: note, series, reportingComponent })
      expect(await read('new')).toMatchObject([{ count: 7 }])
    })

    test('of which nothing but its creation is known happened then, and once', async () => {
      const { firstTimestamp: _, lastTimestamp: __, count: ___, ...bare } = core
      const nothing = {
        ...bare,
        firstTimestamp: null,
        lastTimestamp: null,
        reason: undefined,
        message: undefined,
      }
      for (let i = 0; i < 3; i++) await post('kube bare', nothing)
      const time = metadata.creationTimestamp
      expect(await read('kube bare')).toMatchObject([
        { firstTimestamp: time, lastTimestamp: time, count: 1, reason: '', message: '' },
      ])
    })

    test('about what has no namespace is in its own', async () => {
      const node = { kind: 'Node', name: 'node-1', uid: 'node-1' }
      const named = { ...metadata, name: 'node-1.17c9d1f0a1b2c3d4', namespace: 'default' }
      await post('node', { ...core, metadata: named, involvedObject: node })
      expect(await read('node')).toMatchObject([
        { metadata: { namespace: 'default' }, involvedObject: { name: 'node-1', namespace: 'default' } },
      ])
    })

    test('comes in lists as well', async () => {
      const other = { ...core, metadata: { ...metadata, name: 'web-1.1' }, message: 'other' }
      const list = { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: [core, other] }
      const ids = await post('list', list)
      expect(new Set(ids).size).toBe(2)
      expect(await post('list', list)).toEqual(ids)
      expect(await read('list')).toHaveLength(2)
    })

    test('keeps its record when its message changes, and an older state changes nothing', async () => {
      const states = [1, 2, 3].map(count => ({
        ...core,
        count,
        message: `(combined from similar events): ${count}`,
      }))
      const [first, second, third] = states
      const [id] = await post('changed', second)
      expect(await post('changed', third)).toEqual([id])
      expect(await post('changed', first)).toEqual([id])
      expect(await post('changed', [first, third, second])).toEqual([id, id, id])
      expect(await read('changed')).toMatchObject([{ count: 3, message: third?.message }])
    })

    test('has the count that the API server has, however its watch is mirrored', async () => {
      interface Stored {
        readonly name: string
        readonly count: number
        readonly message: string
      }
      const someState = fc.record({ event: fc.nat(5), similar: fc.boolean() })
      let run = 0
      await fc.assert(
        fc.asyncProperty(
          fc.array(someState, { minLength: 1, maxLength: 60 }),
          fc.array(fc.record({ from: fc.nat(59), size: fc.integer({ min: 1, max: 20 }) }), { maxLength: 4 }),
          async (happened, relists) => {
            const execution = `watch ${run++}`
            const server = new Map<number, Stored>()
            // Each time that something happens the API server writes the event anew, and the watch tells it.
            const watch = happened.map(({ event, similar }, i) => {
              const count = (server.get(event)?.count ?? 0) + 1
              const message = similar ? `similar ${i}` : (server.get(event)?.message ?? 'as always')
              server.set(event, { name: `pod-${event}.${event}f`, count, message })
              const { name } = server.get(event) as Stored
              return { ...core, metadata: { ...metadata, name, uid: `uid-${event}` }, count, message }
            })
            for (let at = 0, size = 1; at < watch.length; at += size, size = (size * 3) % 7) {
              await post(execution, size === 1 ? watch[at] : watch.slice(at, at + size))
            }
            // A watch that was cut off begins again with what it told before.
            await Promise.all(
              relists.map(async ({ from, size }) => {
                const again = watch.slice(from, from + size)
                if (again.length > 0) await post(execution, again)
              }),
            )
            const found: readonly { metadata: { name: string }; count: number; message: string }[] =
              await read(execution)
            const kept = found.map(each => ({
              name: each.metadata.name,
              count: each.count,
              message: each.message,
            }))
            const byName = (a: Stored, b: Stored) => (a.name < b.name ? -1 : 1)
            expect(kept.toSorted(byName)).toEqual([...server.values()].toSorted(byName))
          },
        ),
        { numRuns: 15 },
      )
    })
  })
}
