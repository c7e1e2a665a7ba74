import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cliText, curlText, shellWord } from '../../../src/console/model/call-text.ts'

const url = 'http://127.0.0.1:7411/'

/** The words that a POSIX shell makes of a command line. */
function wordsOf(line: string): readonly string[] {
  const shown = execFileSync('sh', [
    '-c',
    `show() { for each; do printf '%s\\0' "$each"; done; }; show ${line}`,
  ])
  return shown.toString().split('\0').slice(0, -1)
}

test('whatever a value holds, a shell takes it for one word', () => {
  const texts = fc.string({ unit: 'grapheme' }).filter(text => !text.includes('\0'))
  fc.assert(
    fc.property(fc.array(texts, { minLength: 1, maxLength: 4 }), given => {
      expect(wordsOf(given.map(shellWord).join(' '))).toEqual(given)
    }),
    { numRuns: 30 },
  )
})

test('what is copied calls what is shown, and holds no credential', () => {
  const condition = ['is_failure', { js_worker_name: "it's 演示 $(id) `id`" }]
  const params = { query: { condition } }
  const curl = wordsOf(curlText({ url, method: 'js-result_query', params }))
  expect(JSON.parse(curl.at(-1) ?? '')).toEqual({ jsonrpc: '2.0', id: 1, method: 'js-result_query', params })
  expect(curl.filter(word => word.startsWith('Authorization'))).toEqual(['Authorization: Bearer '])
  const cli = wordsOf(cliText(url, 'js-result', condition))
  expect(cli.slice(1, 5)).toEqual(['daybook', 'query', 'js-result', 'is_failure'])
  expect(JSON.parse(cli[5] ?? '')).toEqual(condition[1])
})
