import { readFileSync } from 'node:fs'
import { type Environment, isServiceLink, postgresUrlOf } from './config/environment.ts'
import { type Config, type Setting, settingName, settings, type Variable } from './config/settings.ts'
import { didYouMean, nearest } from './nearest.ts'

export type { Config, Variable } from './config/settings.ts'

export interface ConfigSource {
  readonly env: Environment
  /** Text given on the command line; it wins over the environment. */
  readonly flags?: Readonly<Partial<Record<Variable, string | undefined>>>
}

/** Every fault of the configuration, e.g. `PORT: expected a whole number from 0 to 65535`. Never holds a value. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`the configuration has faults:\n${faults.map(fault => `  ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/**
 * The only reader of the environment: flags over environment over defaults; an empty variable counts as unset.
 * Throws ConfigError with all faults, unknown `DAYBOOK_*` variables included, but for those that Kubernetes sets.
 */
export function readConfig({ env, flags = {} }: ConfigSource): Config {
  const faults = unknownVariables(env).map(name => `${name}: no such setting${meantVariable(name)}`)
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }
  const values = Object.entries(settings).map(([variable, setting]) => [
    settingName(variable),
    attempt(() => readSetting(variable, setting, env, flags[variable as Variable])),
  ])
  const given = Object.fromEntries(values) as Config
  const databaseUrl = given.databaseUrl ?? attempt(() => postgresUrlOf(env))
  const config = Object.freeze({ ...given, databaseUrl })
  if (databaseUrl === undefined) faults.push(...databaseNeeded(config))
  if (faults.length > 0) throw new ConfigError(faults)
  return config
}

/** Throws Error that says what was expected, never the value. */
function readSetting(
  variable: string,
  { schema, isSecret, takes }: Setting<unknown>,
  env: Environment,
  flag: string | undefined,
): unknown {
  const parsed = schema.safeParse(flag ?? (isSecret ? secretText(variable, env) : env[variable] || undefined))
  if (parsed.success) return parsed.data
  throw new Error(`${variable}: expected ${takes}`)
}

function secretText(variable: string, env: Environment): string | undefined {
  const text = env[variable] || undefined
  const file = env[`${variable}_FILE`]
  if (!file) return text
  if (text !== undefined) throw new Error(`${variable}: given twice, also as ${variable}_FILE`)
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    throw new Error(`${variable}: its file cannot be read${code}`)
  }
}

/** The faults of a configuration that asks for what the embedded database cannot do. */
function databaseNeeded({ databaseReadUrl, databaseListenUrl, workers }: Config): readonly string[] {
  const needs = 'needs DATABASE_URL or PGHOST'
  return [
    ...(databaseReadUrl === undefined ? [] : [`DATABASE_READ_URL: ${needs} as well`]),
    ...(databaseListenUrl === undefined ? [] : [`DATABASE_LISTEN_URL: ${needs} as well`]),
    ...(workers > 1 ? [`DAYBOOK_WORKERS: the embedded database belongs to one process: ${needs}`] : []),
  ]
}

const knownVariables: ReadonlySet<string> = new Set(
  Object.entries(settings).flatMap(([variable, { isSecret }]) =>
    isSecret ? [variable, `${variable}_FILE`] : [variable],
  ),
)

const prefix = 'DAYBOOK_'
const bareNames = new Map([...knownVariables].map(name => [name.replace(prefix, ''), name]))

function unknownVariables(env: Environment): string[] {
  return Object.keys(env).filter(
    name => name.startsWith(prefix) && !knownVariables.has(name) && !isServiceLink(name, env[name] ?? ''),
  )
}

/** Compared without the prefix, which would make them all near to each other. */
function meantVariable(name: string): string {
  const found = nearest(name.replace(prefix, ''), bareNames.keys())
  return didYouMean(found && bareNames.get(found))
}
