import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long a command may take, or what a program prints may be waited for. */
const maxWaitMs = 120_000

/** A terminal in which somebody pastes one block after another. */
export interface Terminal {
  /** What was printed so far, without colours. */
  readonly printed: string
  /** Pastes a block and waits for its end; resolves to what it printed. Throws when a command fails. */
  paste(text: string): Promise<string>
  /** Pastes a block that does not end. */
  start(text: string): void
  /** Waits until a text that fulfils the condition was printed. */
  waitFor(isEnough: (printed: string) => boolean, what: string): Promise<void>
  /** Waits until nothing was printed for a second: what goes on by itself has begun by then. */
  settle(): Promise<void>
  /** Presses Ctrl-C until what runs has ended, and closes the terminal. */
  close(): Promise<void>
}

// A pseudo-terminal, so that programs print what they print for people. The blocks come as files, one name a line, on
// descriptor 3; what they read is the keyboard.
const spawnTerminal = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)'
const readBlocks = `
stty -echo -onlcr cols 120 rows 50
shopt -s expand_aliases
set -eu -o pipefail
alias daybook='npm run -s daybook --'
while read -r file <&3; do . "$file"; echo "[end of $file]"; done`

export function openTerminal(cwd: string, env: NodeJS.ProcessEnv): Terminal {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-blocks-'))
  const child = spawn('python3', ['-c', spawnTerminal, 'bash', '-c', readBlocks], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
  })
  const ended = once(child, 'exit')
  const blocks = child.stdio[3] as NonNullable<ChildProcess['stdin']>
  let printed = ''
  let count = 0
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    process.stdout.write(chunk.replace(/^\[end of .*\]\n/gm, ''))
    printed = withoutEscapes(printed + chunk)
  })

  function start(text: string): string {
    const file = join(folder, `${++count}`)
    writeFileSync(file, text)
    blocks.write(`${file}\n`)
    return `[end of ${file}]\n`
  }

  async function waitFor(isEnough: (printed: string) => boolean, what: string): Promise<void> {
    const deadline = performance.now() + maxWaitMs
    while (!isEnough(printed)) {
      assert.equal(child.exitCode, null, `a command failed before ${what}`)
      assert.ok(performance.now() < deadline, `waited in vain for ${what}`)
      await sleep(50)
    }
  }

  return {
    get printed() {
      return printed
    },
    async paste(text) {
      const from = printed.length
      const end = start(text)
      await waitFor(all => all.endsWith(end), 'the end of the block')
      return printed.slice(from, -end.length)
    },
    start,
    waitFor,
    async settle() {
      for (let seen = -1; seen !== printed.length; ) {
        seen = printed.length
        await sleep(1000)
      }
    },
    async close() {
      blocks.end()
      while (child.exitCode === null) {
        child.stdin?.write('\x03')
        await Promise.race([ended, sleep(1000)])
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Without colours and other control sequences. */
function withoutEscapes(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  return text.replace(/\x1b\[[\d;?]*[A-Za-z]/g, '')
}
