import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { credentialName } from '../argument/credential.ts'
import { profilesFile, readProfiles, requireProfile, writeProfiles } from '../argument/profiles.ts'
import { readPassword } from '../argument/secret-argument.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { UsageError } from '../terminal/failure.ts'
import { outputOf } from '../terminal/output.ts'

const help = `
  daybook profile add prod --url https://daybook.example.com --token-stdin < token
  daybook profile use prod            from now on; --profile and DAYBOOK_PROFILE name one for once
Flags win over DAYBOOK_URL and DAYBOOK_TOKEN, those over the profile in use.
What a profile presents goes to its own server only.`

/** `daybook profile …`: a person's servers, in a file that only they can read. */
export function addProfileCommand(program: Command, surroundings: Surroundings): void {
  const { env } = surroundings
  const profile = program
    .command('profile')
    .description('save the addresses and tokens of several servers')
    .addHelpText('after', help)
  const output = (command: Command) => outputOf(command, surroundings)

  profile
    .command('list')
    .description('show all profiles, never their secrets')
    .action(async (_options: object, command: Command) => {
      const { current, all } = readProfiles(env)
      const rows = [...all].map(([name, { url, token }]) => ({
        name,
        url,
        presents: token === undefined ? null : credentialName(token),
        current: name === current,
      }))
      await output(command).rows(rows, { none: `no profiles in ${profilesFile(env)}` })
    })
  profile
    .command('add')
    .description('keep a server; --url says where it is, --token or --token-stdin what to present there')
    .argument('<name>')
    .option('--token-stdin', 'read the token from stdin')
    .action(async (name: string, flags: { readonly tokenStdin?: true }, command: Command) => {
      const { url, token } = command.optsWithGlobals<{ readonly url?: string; readonly token?: string }>()
      if (url === undefined) throw new UsageError('--url: where is the server?')
      if (!/^[\w.-]{1,64}$/.test(name))
        throw new UsageError(`a name is letters, digits, . _ and -, not "${name}"`)
      if (token !== undefined && flags.tokenStdin === true)
        throw new UsageError('--token or --token-stdin, not both')
      readConfig({ env: {}, flags: { DAYBOOK_URL: url, DAYBOOK_TOKEN: token } })
      const presented = flags.tokenStdin === true ? (await readPassword(surroundings)).trim() : token
      const { current, all } = readProfiles(env)
      const added = { url, ...(presented !== undefined && { token: presented }) }
      await writeProfiles(env, { current, all: new Map([...all, [name, added]]) })
      await output(command).note(
        `kept in ${profilesFile(env)}; daybook profile use ${name} makes it the usual one`,
      )
    })
  profile
    .command('use')
    .description('speak to this server from now on; without a name to the one of this machine')
    .argument('[name]')
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const profiles = readProfiles(env)
      if (name !== undefined) requireProfile(name, profiles)
      await writeProfiles(env, { ...profiles, current: name })
      await output(command).note(name === undefined ? 'no profile is in use' : `${name} is in use`)
    })
  profile
    .command('remove')
    .description('forget a server and its token')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      const profiles = readProfiles(env)
      requireProfile(name, profiles)
      const all = new Map([...profiles.all].filter(([each]) => each !== name))
      await writeProfiles(env, { all, current: profiles.current === name ? undefined : profiles.current })
      await output(command).note(`${name} is removed`)
    })
}
