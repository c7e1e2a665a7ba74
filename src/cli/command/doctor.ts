import { existsSync } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { type Config, ConfigError } from '../../config.ts'
import { describeCredential } from '../argument/access.ts'
import { type Credential, superTokenFile } from '../argument/credential.ts'
import { profilesFile } from '../argument/profiles.ts'
import { addDatabaseOptions, configFlags } from '../argument/server-options.ts'
import { openSession, type Session } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure, hasCode } from '../terminal/failure.ts'
import { outputOf } from '../terminal/output.ts'
import { check, checkDatabase, type Finding, fault, ok } from './database-checks.ts'
import { readReadiness } from './healthcheck.ts'

/** `daybook doctor`: says what works and what does not, a line each. */
export function addDoctorCommand(program: Command, surroundings: Surroundings): void {
  const doctor = program
    .command('doctor')
    .description('check the configuration, the database, the server and the token')
  addDatabaseOptions(doctor).action(async (_flags: object, command: Command) => {
    const findings = await examine(command, surroundings)
    await outputOf(command, surroundings).rows(findings)
    const faults = findings.filter(finding => finding.status === 'fault').length
    if (faults > 0) throw new CommandFailure(`${faults} of ${findings.length} checks found a fault`)
  })
}

async function examine(command: Command, surroundings: Surroundings): Promise<readonly Finding[]> {
  try {
    const session = openSession(command, surroundings, configFlags(command.opts()))
    return [ok('configuration', 'no fault'), ...(await diagnose(session))]
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(text => fault('configuration', text))
    throw error
  }
}

/** Looks at everything between this command and an answered request; changes nothing. Never throws. */
async function diagnose({ config, url, client, credential, env }: Session): Promise<readonly Finding[]> {
  const { isReady, isReachable, detail } = await readReadiness(url)
  return [
    await checkDataFolder(config),
    await checkSecretFile('super token', superTokenFile(config)),
    ...(existsSync(profilesFile(env)) ? [await checkSecretFile('profiles', profilesFile(env))] : []),
    ...(await checkDatabase(config, isReachable)),
    isReady ? ok('server', `${url} is ready`) : fault('server', `${url}: ${detail}`),
    ...(isReachable ? [await checkToken(client, credential)] : []),
  ]
}

async function checkToken(client: Client, credential: Credential | undefined): Promise<Finding> {
  const finding = await check('token', async () => `${(await client.tokens.get()).token_key} is valid`)
  if (finding.status === 'ok' || credential === undefined) return finding
  return { ...finding, detail: `${finding.detail}; ${describeCredential(credential)}` }
}

function checkDataFolder({ data: folder }: Config): Promise<Finding> {
  return checkPlace('data folder', `${folder} is not made yet; serve makes it`, async () => {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return folder
  })
}

/** Anyone who can read the file owns the servers whose tokens it holds. */
function checkSecretFile(name: string, path: string): Promise<Finding> {
  return checkPlace(name, `no file ${path}`, async () => {
    const { mode } = await stat(path)
    if ((mode & 0o077) !== 0) throw new Error(`${path} can be read by others: chmod 600`)
    return path
  })
}

/** A missing file is no fault. */
function checkPlace(name: string, missing: string, look: () => Promise<string>): Promise<Finding> {
  return check(name, () =>
    look().catch(error => {
      if (hasCode(error, 'ENOENT')) return missing
      throw error
    }),
  )
}
