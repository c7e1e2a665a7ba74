import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** A copy of the repository as somebody has it who has just cloned it, with what is not committed yet. */
export interface Checkout {
  readonly folder: string
  /** The environment of a terminal in it: nothing of the npm script that runs this, and no setting of a server. */
  readonly env: NodeJS.ProcessEnv
  /** As after `npm ci`. */
  install(): void
  /** Removes what a page has left, so that the next one begins with an empty server; what was installed and built stays. */
  clean(): void
  remove(): void
}

export function makeCheckout(root: string): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-checkout-'))
  execFileSync('bash', [
    '-euo',
    'pipefail',
    '-c',
    'cd "$0" && git ls-files -z --cached --others --exclude-standard --deduplicate | while IFS= read -rd "" f; do [ ! -e "$f" ] || printf "%s\\0" "$f"; done | tar -c --null -T - -f - | tar -x -C "$1" -f -',
    root,
    folder,
  ])
  execFileSync('git', ['init', '--quiet'], { cwd: folder })
  execFileSync('git', ['add', '--all'], { cwd: folder })
  return {
    folder,
    env: terminalEnvironment(folder),
    install() {
      if (!existsSync(join(folder, 'node_modules'))) {
        symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
      }
    },
    clean() {
      // What .gitignore names but the data folder was installed or built; all else that is new is a page's.
      execFileSync('git', ['clean', '--quiet', '-fd'], { cwd: folder })
      rmSync(join(folder, '.daybook'), { recursive: true, force: true })
    },
    remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function terminalEnvironment(folder: string): NodeJS.ProcessEnv {
  const isForeign = (name: string) =>
    /^(?:npm_|DAYBOOK_|DATABASE_|PG|VITEST|NODE_ENV$|NODE$|INIT_CWD$|CI$|HOST$|PORT$|LOG_)/i.test(name)
  const own = Object.entries(process.env).filter(([name]) => !isForeign(name))
  const path = (process.env.PATH ?? '').split(delimiter).filter(entry => !entry.includes('node_modules'))
  return {
    ...Object.fromEntries(own),
    PATH: path.join(delimiter),
    TERM: 'xterm',
    NO_COLOR: '1',
    PAGER: 'cat',
    TZ: 'UTC',
    XDG_CONFIG_HOME: join(folder, '.daybook', 'config'),
    npm_config_update_notifier: 'false',
    npm_config_progress: 'false',
  }
}
