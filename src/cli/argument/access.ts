import { type Config, type ConfigSource, readConfig } from '../../config.ts'
import { type Credential, credentialName, localCredential, variableOrFile } from './credential.ts'
import { type Profile, profilesFile, readProfiles, requireProfile } from './profiles.ts'
import type { Surroundings } from './surroundings.ts'

/** Which server a command speaks to, and with which credential. */
export interface Access {
  readonly config: Config
  readonly url: string
  readonly credential: Credential | undefined
}

/** The options that choose them. */
export interface AccessFlags {
  readonly url?: string
  readonly token?: string
  readonly profile?: string
}

/**
 * Flags win over the environment, which wins over the profile in use, which wins over this machine's own server. A profile
 * named by a flag wins over the environment. Throws ConfigError, UsageError and CommandFailure.
 */
export function findAccess(
  { url: urlFlag, token: tokenFlag, profile: profileFlag }: AccessFlags,
  { env }: Pick<Surroundings, 'env'>,
  more: ConfigSource['flags'] = {},
): Access {
  const config = readConfig({
    env,
    flags: { ...more, DAYBOOK_URL: urlFlag, DAYBOOK_TOKEN: tokenFlag, DAYBOOK_PROFILE: profileFlag },
  })
  const chosen = chooseProfile(config, env)
  const isNamed = profileFlag !== undefined
  const profileUrl = chosen?.profile.url
  const url = urlFlag ?? (isNamed ? profileUrl : undefined) ?? config.url ?? profileUrl ?? localUrl(config)
  // The token of a profile is for its own server alone.
  const fromProfile = url === profileUrl ? chosen?.credential : undefined
  const given: Credential | undefined =
    config.token === undefined
      ? undefined
      : {
          text: config.token,
          source: tokenFlag === undefined ? variableOrFile('DAYBOOK_TOKEN', env) : '--token',
        }
  const isFirst = isNamed && tokenFlag === undefined
  const credential = (isFirst ? fromProfile : undefined) ?? given ?? fromProfile
  return { config, url, credential: credential ?? localCredential(config, url, env) }
}

/** Which credential was presented and where it came from, without its secret. */
export function describeCredential({ text, source }: Credential): string {
  return `${credentialName(text)} was presented, from ${source}`
}

interface Chosen {
  readonly profile: Profile
  readonly credential: Credential | undefined
}

function chooseProfile({ profile: named }: Config, env: Surroundings['env']): Chosen | undefined {
  const profiles = readProfiles(env)
  const name = named ?? profiles.current
  if (name === undefined) return undefined
  const profile = requireProfile(name, profiles)
  const { token } = profile
  const source = `the profile ${name} of ${profilesFile(env)}`
  return { profile, credential: token === undefined ? undefined : { text: token, source } }
}

/** The server that `serve` starts with the same settings. */
function localUrl({ host: listensOn, port }: Config): string {
  const everywhere = listensOn === '0.0.0.0' || listensOn === '::'
  const host = everywhere ? '127.0.0.1' : listensOn
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
