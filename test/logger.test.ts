import { expect, test } from 'vitest'
import { createLogger, prettyStream } from '../src/logger.ts'

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = []
  write(createLogger({ level: 'debug', stream: { write: line => void lines.push(line) } }))
  return lines.join('')
}

test.for([
  'token',
  'father_token',
  'supertoken',
  'password',
  'new_password',
  'secret',
  'jwt',
  'authorization',
])('a member %s is not written, however deep it is', name => {
  const text = logged(logger => {
    logger.info({ [name]: 'hunter2' }, 'top')
    logger.info({ headers: { [name]: 'hunter2' } }, 'second')
    logger.info({ a: { b: { [name]: 'hunter2' } } }, 'third')
  })
  expect(text).not.toContain('hunter2')
  expect(text.match(/\[redacted\]/g)).toHaveLength(3)
})

test('an error is written with its causes, but without what a driver adds to it', () => {
  const cause = Object.assign(new Error('engine text'), { detail: 'Key (x)=(hunter2) exists', code: '23505' })
  const text = logged(logger => logger.error({ err: new Error('outer', { cause }) }, 'failed'))
  expect(text).toContain('engine text')
  expect(text).not.toContain('hunter2')
})

test('what is thrown but no error is written too', () => {
  expect(logged(logger => logger.error({ err: undefined }, 'failed'))).toContain('failed')
  expect(logged(logger => logger.error({ err: 'text' }, 'failed'))).toContain('"err":"text"')
})

test('pretty lines are for people, as free of credentials as the others', async () => {
  const lines: string[] = []
  const stream = await prettyStream({ write: line => void lines.push(line) })
  const logger = createLogger({ level: 'debug', stream })
  logger.warn({ token: 'hunter2', method: 'js-result_query' }, 'a method failed')
  logger.error({ err: new Error('engine text') }, 'another')
  const text = lines.join('')
  expect(text).toMatch(/WARN.*: a method failed/)
  expect(text).toContain('method: "js-result_query"')
  expect(text).toContain('Error: engine text')
  expect(text).not.toContain('hunter2')
  expect(text).not.toContain('{"')
})
