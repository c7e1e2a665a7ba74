import { readFileSync } from 'node:fs'
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { CommandFailure, meantOrAll, UsageError } from '../terminal/failure.ts'
import type { Surroundings } from './surroundings.ts'

/** A server to speak to, and what to present there. */
export interface Profile {
  readonly url: string
  readonly token?: string
}

/** The servers of a person, by name. */
export interface Profiles {
  /** The one that is used unless another is named. */
  readonly current: string | undefined
  readonly all: ReadonlyMap<string, Profile>
}

type Env = Surroundings['env']

/** `$XDG_CONFIG_HOME/daybook/config.json`, else `~/.config/daybook/config.json`. */
export function profilesFile(env: Env): string {
  const folder = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config')
  return join(folder, 'daybook', 'config.json')
}

/** No file: no profiles. Throws CommandFailure for a file that is not one of ours. */
export function readProfiles(env: Env): Profiles {
  const path = profilesFile(env)
  const text = readIfThere(path)
  if (text === undefined) return { current: undefined, all: new Map() }
  const { current, profiles } = parseFile(text, path)
  return { current, all: new Map(Object.entries(profiles)) }
}

/** Replaces the file at once; only its owner can read it, for it holds secrets. */
export async function writeProfiles(env: Env, { current, all }: Profiles): Promise<void> {
  const path = profilesFile(env)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const part = `${path}.${process.pid}.part`
  const file = { ...(current !== undefined && { current }), profiles: Object.fromEntries(all) }
  await writeFile(part, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 })
  // A file left behind by a process of the same number would keep its own mode.
  await chmod(part, 0o600)
  await rename(part, path)
}

/** Throws UsageError that names the nearest. */
export function requireProfile(name: string, { all }: Profiles): Profile {
  const profile = all.get(name)
  if (profile !== undefined) return profile
  const advice = all.size === 0 ? '; daybook profile add makes one' : meantOrAll(name, [...all.keys()])
  throw new UsageError(`no profile "${name}"${advice}`)
}

interface ProfilesFile {
  readonly current?: string
  readonly profiles: Readonly<Record<string, Profile>>
}

function parseFile(text: string, path: string): ProfilesFile {
  const file = parse(text, path)
  if (isObject(file) && isObject(file.profiles) && Object.values(file.profiles).every(isProfile)) {
    const { current, profiles } = file
    if (current === undefined || (typeof current === 'string' && Object.hasOwn(profiles, current))) {
      return file as unknown as ProfilesFile
    }
  }
  throw new CommandFailure(`${path}: expected {"current":NAME,"profiles":{NAME:{"url":…,"token":…}}}`)
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Its message would quote the file, secrets and all.
    throw new CommandFailure(`${path}: not JSON`)
  }
}

function isProfile(value: unknown): boolean {
  if (!isObject(value) || typeof value.url !== 'string' || !URL.canParse(value.url)) return false
  return value.token === undefined || typeof value.token === 'string'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
