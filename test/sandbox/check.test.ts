import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'

describe('the check of a script', () => {
  let sandbox: Sandbox
  beforeAll(() => {
    sandbox = createSandbox({ threads: 1 })
  })
  afterAll(() => sandbox.close())

  const run = (source: string) =>
    sandbox.run({
      name: 'a',
      source,
      entry: 'onCall',
      params: 'null',
      env: '{}',
      context: '{}',
      limits: { maxRunMs: 2000, maxStackBytes: 1024 * 1024, maxHeapBytes: 8 * 1024 * 1024 },
      share: { owner: 'o', worker: 'a' },
      depth: 0,
      idleMs: 60_000,
      host: async () => 'null',
    })

  // Each in a thread that has compiled and run others before.
  test.each([
    '',
    '// nothing',
    'export default { onCall() { return 1 } }',
    'export default { onCall() { for (;;); } }',
    'export default { async onCall() { for await (const a of []) await a } }',
    'throw new Error("at the top")',
    'no.such.name',
    'while (true) {}',
    'await new Promise(() => {})',
    'import("elsewhere")',
  ])('takes what compiles, and does not run it: %s', async source => {
    expect(await sandbox.check(source)).toBeUndefined()
    expect(await run('export default { onCall: () => 1 }')).toEqual({ kind: 'returned', result: '1' })
    expect(await sandbox.check(source)).toBeUndefined()
  })

  test.each([
    ['a b', 1, 3],
    ['export default {\n  onCall( { return 1 }\n}', 2, 22],
    ['const a = 1\nconst a = 2', 2, 9],
    ["const a = 1\nimport { b } from 'elsewhere'", 2, 19],
    ["import 'script'", 1, 8],
    ["import '<check>'", 1, 8],
    ["import 'end'", 1, 8],
  ])('says where %j does not compile', async (source, line, column) => {
    expect(await sandbox.check(source)).toEqual({ message: expect.any(String), line, column })
  })
})
