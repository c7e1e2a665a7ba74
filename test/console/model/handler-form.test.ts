import { describe, expect, it } from 'vitest'
import { formOfHandler, paramsOfForm, type ShownHandler } from '../../../src/console/model/handler-form.ts'
import { declaredMethods } from '../../support/declared-methods.ts'

const handler: ShownHandler = {
  full_name: 'shop.totals',
  sender: 'shop.*',
  event_type: 'events.NormalType',
  target: { kind: 'js_worker', name: 'totals' },
  retry: { limit: 5, delay_ms: 200, backoff: false },
  timeout_ms: 1000,
  concurrency: 3,
  schedule: { cron: '0 3 * * *', tz: 'Europe/Berlin' },
  enabled: true,
  description: 'sums',
  next_fire_time: null,
}

function paramsOf(method: string) {
  const found = declaredMethods.find(({ name }) => name === method)
  if (found === undefined) throw new Error(`no method ${method}`)
  return found.params
}

describe('the form of a handler', () => {
  it('gives back the handler that it was made of', () => {
    const { enabled, next_fire_time, ...rest } = handler
    expect(paramsOfForm(formOfHandler(handler))).toEqual(rest)
    const plain = { ...rest, concurrency: null, schedule: null, description: null }
    expect(paramsOfForm(formOfHandler({ ...handler, ...plain }))).toEqual(plain)
  })

  it('keeps the secret of a webhook that is not given anew', () => {
    const target = { kind: 'webhook', url: 'https://example.com/' } as const
    const form = formOfHandler({ ...handler, target })
    expect(paramsOfForm(form).target).toEqual(target)
    expect(paramsOfForm({ ...form, secret: 'whsec_x' }).target).toEqual({ ...target, secret: 'whsec_x' })
  })

  it('begins with what the server takes where nothing is said', () => {
    const form = { ...formOfHandler(undefined), full_name: 'a', sender: 'b', script: 'c' }
    const least = { full_name: 'a', sender: 'b', target: { kind: 'js_worker', name: 'c' } }
    const schema = paramsOf('event-handler_create')
    expect(schema.parse(paramsOfForm(form))).toEqual({ ...(schema.parse(least) as object) })
  })

  it('is changed by every target', () => {
    const schema = paramsOf('event-handler_update')
    for (const target of [handler.target, { kind: 'remote' }, { kind: 'local' }] as const)
      expect(schema.safeParse(paramsOfForm(formOfHandler({ ...handler, target }))).success).toBe(true)
  })

  it('leaves to the server to say what is no number', () => {
    const params = paramsOfForm({ ...formOfHandler(handler), timeout_ms: 'soon', concurrency: ' ' })
    expect(params).toMatchObject({ timeout_ms: 'soon', concurrency: null })
  })
})
