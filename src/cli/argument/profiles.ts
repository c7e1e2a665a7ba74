import { readFileSync } from 'node:fs'
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { CommandFailure, hasCode, meantOrAll, UsageError } from '../terminal/failure.ts'
import type { Surroundings } from './surroundings.ts'

const profileSchema = z.looseObject({
  url: z.string().refine(text => URL.canParse(text)),
  token: z.string().exactOptional(),
})

/** A server's address and the credential to present there. */
export type Profile = z.output<typeof profileSchema>

const fileSchema = z
  .looseObject({ current: z.string().optional(), profiles: z.record(z.string(), profileSchema) })
  .refine(({ current, profiles }) => current === undefined || Object.hasOwn(profiles, current))

/** A person's servers, by name. */
export interface Profiles {
  /** The one in use unless another is named. */
  readonly current: string | undefined
  readonly all: ReadonlyMap<string, Profile>
}

type Env = Surroundings['env']

/** `$XDG_CONFIG_HOME/daybook/config.json`, else `~/.config/daybook/config.json`. */
export function profilesFile(env: Env): string {
  const folder = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config')
  return join(folder, 'daybook', 'config.json')
}

/** Without a file there are no profiles. Throws CommandFailure for a file in another format. */
export function readProfiles(env: Env): Profiles {
  const path = profilesFile(env)
  const text = readIfThere(path)
  if (text === undefined) return { current: undefined, all: new Map() }
  const { current, profiles } = parseFile(text, path)
  return { current, all: new Map(Object.entries(profiles)) }
}

/** Replaces the file atomically. It holds secrets: only its owner can read it. */
export async function writeProfiles(env: Env, { current, all }: Profiles): Promise<void> {
  const path = profilesFile(env)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const part = `${path}.${process.pid}.part`
  const file = { ...(current !== undefined && { current }), profiles: Object.fromEntries(all) }
  await writeFile(part, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 })
  // A file left behind by a process with the same id would keep its own mode.
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

function parseFile(text: string, path: string): z.output<typeof fileSchema> {
  const file = fileSchema.safeParse(parse(text, path))
  if (file.success) return file.data
  throw new CommandFailure(`${path}: expected {"current":NAME,"profiles":{NAME:{"url":…,"token":…}}}`)
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message would quote the file with its secrets.
    throw new CommandFailure(`${path}: not JSON`)
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
