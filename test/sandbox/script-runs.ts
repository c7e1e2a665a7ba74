import {
  createSandbox,
  type Sandbox,
  type SandboxOptions,
  type ScriptOutcome,
  type ScriptRun,
} from '../../src/sandbox/sandbox.ts'

/** Limits that keep a bomb short; a heap and a stack as scripts have them by default. */
export const limits = { maxRunMs: 300, maxStackBytes: 1024 * 1024, maxHeapBytes: 8 * 1024 * 1024 }

/** For scripts that shall end by themselves, on a machine that may be busy with something else. */
export const roomy = { ...limits, maxRunMs: 20_000 }

/** A run of `source` whose host answers with the JSON text of its own call. */
export function runOf(source: string, more: Partial<ScriptRun> = {}): ScriptRun {
  return {
    name: 'tested',
    source,
    entry: 'onCall',
    params: '{}',
    env: '{}',
    context: '{}',
    limits: roomy,
    share: { owner: 'owner', worker: 'tested' },
    depth: 0,
    idleMs: 60_000,
    host: async (name, args) => `{"name":"${name}","args":${args}}`,
    ...more,
  }
}

/** A module whose onCall has this body. */
export function onCall(body: string): string {
  return `export default {\n  async onCall(params, env, ctx) {\n${body}\n}}`
}

export async function resultOf(
  sandbox: Sandbox,
  source: string,
  more?: Partial<ScriptRun>,
): Promise<unknown> {
  const outcome = await sandbox.run(runOf(source, more))
  if (outcome.kind === 'failed') throw new Error(outcome.message)
  return JSON.parse(outcome.result)
}

export function reasonOf(outcome: ScriptOutcome): string {
  return outcome.kind === 'failed' ? outcome.reason : 'returned'
}

/** Runs `use` with a sandbox that is closed afterwards. */
export async function withSandbox(
  options: SandboxOptions,
  use: (sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const sandbox = createSandbox(options)
  try {
    await use(sandbox)
  } finally {
    await sandbox.close()
  }
}
