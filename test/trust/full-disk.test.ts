import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm, statfs } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type Client, createClient, DaybookError } from '../../src/client/client.ts'
import { type DaybookProcess, dataFolder, serveDaybook, superToken } from './daybook-process.ts'

test('a server whose disk is full answers everybody, keeps all it acknowledged, and writes again when there is room', {
  timeout: 180_000,
}, async () => {
  const disk = await mountDisk({ size: 84, taken: 36 })
  const variables = { DAYBOOK_DATA: `${disk.folder}/data`, DAYBOOK_STATEMENT_TIMEOUT_MS: '10000' }
  let server = await serveDaybook(variables, disk.enter)
  const rows = createRows(server)

  while (server.isRunning() && (await rows.append(100)) === undefined);
  // A single one may still find room, and needs the write-ahead log: none is left without an answer.
  const until = performance.now() + 5000
  while (server.isRunning() && performance.now() < until) await rows.append(1)
  expect(rows.slowest()).toBeLessThan(5000)
  expect(rows.reasons()).toEqual(new Set(['out_of_resources']))
  expect(await disk.free()).toBeLessThan(4 * 2 ** 20)

  await disk.makeRoom()
  if (!server.isRunning()) {
    // Where even the log has no room it ends, for a supervisor to start it again.
    expect(server.errors()).toContain('No space left on device')
    expect(await server.ended).toMatchObject({ code: 1 })
    server = await serveDaybook(variables, disk.enter)
  }
  const later = createRows(server)
  expect(await later.append(100)).toBeUndefined()
  expect(await later.missing(rows.acknowledged)).toEqual([])
  process.stderr.write(
    `full disk: ${rows.acknowledged.length} rows kept, slowest answer ${Math.round(rows.slowest())} ms\n`,
  )
})

interface Disk {
  readonly folder: string
  /** The command that runs another where the disk is to be seen. */
  readonly enter: readonly string[]
  /** Bytes. */
  free(): Promise<number>
  makeRoom(): Promise<void>
}

/** A disk of so many MiB that only processes of a namespace of its own see: no right is needed for it. */
async function mountDisk({ size, taken }: { size: number; taken: number }): Promise<Disk> {
  const folder = await dataFolder()
  const script = `mount -t tmpfs -o size=${size}m none "$0" &&
    head -c ${taken}M /dev/zero > "$0/ballast" && echo mounted && exec sleep 1000`
  const holder = spawn('unshare', ['-Urm', 'sh', '-c', script, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void holder.kill('SIGKILL'))
  await mounted(holder)
  const seen = `/proc/${holder.pid}/root${folder}`
  return {
    folder,
    enter: ['nsenter', '-t', String(holder.pid), '-U', '-m', '--preserve-credentials'],
    async free() {
      const { bavail, bsize } = await statfs(seen)
      return bavail * bsize
    },
    makeRoom: () => rm(`${seen}/ballast`),
  }
}

async function mounted(holder: ChildProcess): Promise<void> {
  const { stdout, stderr } = holder
  if (stdout === null || stderr === null) throw new Error('its output is not read')
  const errors = text(stderr)
  await Promise.race([once(stdout, 'data'), once(holder, 'exit')])
  if (holder.exitCode !== null) {
    throw new Error(
      `this test needs user namespaces (unshare -Urm), which this machine forbids: ${await errors}`,
    )
  }
}

interface Rows {
  readonly acknowledged: readonly number[]
  /** Appends so many; the reason when they are refused. */
  append(count: number): Promise<string | undefined>
  reasons(): ReadonlySet<string>
  /** Milliseconds. */
  slowest(): number
  missing(ids: readonly number[]): Promise<readonly number[]>
}

function createRows({ url, isRunning }: DaybookProcess): Rows {
  const client: Client = createClient({ url, token: superToken, timeoutMs: 20_000 })
  const acknowledged: number[] = []
  const reasons = new Set<string>()
  let slowest = 0
  return {
    acknowledged,
    async append(count) {
      const began = performance.now()
      // Random: PostgreSQL compresses what repeats itself.
      const error_message = randomBytes(1000).toString('hex')
      const row = { js_worker_name: 'w', error_message }
      try {
        acknowledged.push(...(await client.append('js-result', Array(count).fill(row))))
        return undefined
      } catch (error) {
        if (!(error instanceof DaybookError)) {
          // It has ended with a message, and no longer listens.
          await sleep(200)
          if (!isRunning()) return undefined
          throw error
        }
        reasons.add(error.reason)
        return error.reason
      } finally {
        slowest = Math.max(slowest, performance.now() - began)
      }
    },
    reasons: () => reasons,
    slowest: () => slowest,
    async missing(ids) {
      const kept = new Set<number>()
      for await (const row of client.page('js-result', [], { fields: ['id'] })) kept.add(row.id)
      return ids.filter(id => !kept.has(id))
    },
  }
}
