import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { onTestFinished, test } from 'vitest'
import { filledFolder } from './daybook-process.ts'

const root = resolve(import.meta.dirname, '../..')

test('SIGTERM to npm ends the server that `npm start` has started, its port and its lock', async () => {
  const folder = await filledFolder()
  const first = startWithNpm(folder)
  const url = await first.listens
  first.child.kill('SIGTERM')
  await first.ended
  while (await answers(url)) await pause()
  // It would not start on a folder that is held.
  const second = startWithNpm(folder)
  await second.listens
})

function startWithNpm(folder: string) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', DAYBOOK_DATA: folder }
  // A group of its own, so that whatever a broken script leaves behind ends with the test.
  const child = spawn('npm', ['start'], {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // All of it has ended.
    }
  })
  const ended = once(child, 'exit')
  const listens = new Promise<string>((found, fail) => {
    let output = ''
    child.stdout.on('data', chunk => {
      output += chunk
      const url = /listens on (\S+)\n/.exec(output)?.[1]
      if (url !== undefined) found(url)
    })
    ended.then(() => fail(new Error(`npm start ended: ${output}`)), fail)
  })
  return { child, ended, listens }
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/livez`).then(
    () => true,
    () => false,
  )
}

function pause(): Promise<void> {
  return new Promise(done => setTimeout(done, 50))
}
