import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from 'vitest'
import { runDaybook } from '../daybook.ts'

const scripts = { bash: '', zsh: '', fish: '' }

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const { code, stdout } = await runDaybook(['completion', shell])
    expect(code).toBe(0)
    scripts[shell] = stdout
  }
})

/** What bash offers when Tab is pressed behind each of these lines. */
function completions(lines: readonly string[]): readonly (readonly string[])[] {
  const ask = `complete -p daybook >/dev/null || exit 1
while IFS= read -r line; do
  read -ra COMP_WORDS <<< "$line"
  case "$line" in *' ') COMP_WORDS+=('') ;; esac
  COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
  COMPREPLY=()
  _daybook
  echo "\${COMPREPLY[*]}"
done`
  const input = lines.map(line => `${line}\n`).join('')
  const out = execFileSync('bash', ['-c', `${scripts.bash}\n${ask}`], { input, encoding: 'utf8' })
  return out
    .trimEnd()
    .split('\n')
    .map(line => line.split(' '))
}

describe('completion in bash', () => {
  test.each<[string, readonly string[]]>([
    ['daybook que', ['query']],
    ['daybook --url http://token token li', ['list']],
    ['daybook query js', ['js-result']],
    ['daybook query js-result --output ', ['table', 'json', 'ndjson', 'csv']],
    ['daybook export js-result --format ', ['ndjson', 'csv']],
    ['daybook query js-result --wi', ['--wide']],
    ['daybook handlers add app.x --sen', ['--sender']],
    ['daybook token list --prof', ['--profile']],
    ['daybook completion ', ['bash', 'zsh', 'fish', '--url']],
  ])('%s…', (line, expected) => {
    const [found = []] = completions([line])
    expect(found.slice(0, expected.length)).toEqual(expected)
  })

  test('knows every command that the help lists, at every depth', async () => {
    const commandsOf = async (path: readonly string[]): Promise<readonly string[]> => {
      const { stdout } = await runDaybook([...path, '--help'])
      const [, list = ''] = stdout.split('\nCommands:\n')
      const [commands = ''] = list.split('\n\n')
      const names = [...commands.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name ?? '')
      return names.filter(name => name !== 'help')
    }
    const top = await commandsOf([])
    expect(top.length).toBeGreaterThan(20)
    const places = [[], ...top.map(name => [name])]
    const listed = await Promise.all(places.map(commandsOf))
    const offered = completions(
      places.map(path => `daybook ${path.join(' ')}${path.length === 0 ? '' : ' '}`),
    )
    for (const [i, names] of listed.entries()) expect(offered[i]).toEqual(expect.arrayContaining([...names]))
    for (const [name, inner] of top.map((name, i) => [name, listed[i + 1] ?? []] as const)) {
      for (const each of inner) {
        expect(scripts.fish).toContain(`-n '__daybook_at ${name}' -a '${each}'`)
        expect(scripts.zsh).toContain(`'${name} ${each}'`)
      }
    }
  })
})

test('a shell that is not known is wrong usage', async () => {
  expect(await runDaybook(['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' })
})
