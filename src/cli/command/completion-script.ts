/** A place on the command line, e.g. behind `daybook token`, and what may stand there. */
export interface Place {
  /** The commands before it: empty, `token`, `token list`. */
  readonly path: string
  readonly commands: readonly Described[]
  /** The words that its arguments may be. */
  readonly values: readonly string[]
  readonly options: readonly CompletedOption[]
}

interface Described {
  readonly name: string
  readonly description: string
}

export interface CompletedOption extends Described {
  /** `--output` */
  readonly name: string
  /** `-y` */
  readonly short: string | undefined
  readonly takesValue: boolean
  /** The values that it may have, if they are known. */
  readonly choices: readonly string[]
}

/** Scripts that complete `daybook` in a shell; the one for zsh uses bash completion. */
export const completionScripts = {
  bash: bashScript,
  zsh: (places: readonly Place[]) =>
    `autoload -Uz compinit bashcompinit\n(( $+functions[compdef] )) || compinit\nbashcompinit\n${bashScript(places)}`,
  fish: fishScript,
} as const satisfies Record<string, (places: readonly Place[]) => string>

function bashScript(places: readonly Place[]): string {
  const options = places.flatMap(place => place.options)
  const valued = [...new Set(options.filter(option => option.takesValue).flatMap(spellings))]
  const paths = places.map(place => place.path).filter(path => path !== '')
  return `_daybook() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" at='' words='' i word
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      ${valued.join('|')}) ((i++)); continue ;;
    esac
    case "$at\${at:+ }$word" in
      ${paths.map(quote).join('|')}) at="$at\${at:+ }$word" ;;
    esac
  done
  case "$at:$prev" in
${places.flatMap(bashChoices).join('\n')}
  esac
  if [ -z "$words" ]; then
    case "$at" in
${places.map(bashWords).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _daybook daybook
`
}

/** The values of the option before the cursor. */
function bashChoices({ path, options }: Place): readonly string[] {
  return options
    .filter(({ choices }) => choices.length > 0)
    .map(option => {
      const before = spellings(option).map(name => quote(`${path}:${name}`))
      return `    ${before.join('|')}) words=${quote(option.choices.join(' '))} ;;`
    })
}

function bashWords({ path, commands, values, options }: Place): string {
  const words = [...commands.map(({ name }) => name), ...values, ...options.map(({ name }) => name)]
  return `      ${quote(path)}) words=${quote(words.join(' '))} ;;`
}

function fishScript(places: readonly Place[]): string {
  const paths = places.map(place => place.path).filter(path => path !== '')
  return `function __daybook_at
  set -l at
  for word in (commandline -opc)[2..]
    switch (string trim "$at $word")
      case ${paths.map(quote).join(' ')}
        set at (string trim "$at $word")
    end
  end
  test "$at" = "$argv"
end
complete -c daybook -e
${places.flatMap(fishLines).join('\n')}
`
}

function fishLines({ path, commands, values, options }: Place): readonly string[] {
  const here = `complete -c daybook -n ${quote(`__daybook_at ${path}`)}`
  return [
    ...(commands.length === 0 ? [] : [`${here} -f`]),
    ...commands.map(({ name, description }) => `${here} -a ${quote(name)} -d ${quote(description)}`),
    ...(values.length === 0 ? [] : [`${here} -a ${quote(values.join(' '))}`]),
    ...options.map(option => `${here} ${fishOption(option)}`),
  ]
}

function fishOption({ name, short, description, takesValue, choices }: CompletedOption): string {
  const spelled = `-l ${name.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
  const known = choices.length === 0 ? '' : ` -f -a ${quote(choices.join(' '))}`
  return `${spelled}${takesValue ? ' -r' : ''}${known} -d ${quote(description)}`
}

function spellings({ name, short }: CompletedOption): readonly string[] {
  return short === undefined ? [name] : [name, short]
}

/** Quoted for all of these shells: in single quotes, with a quote itself outside of them. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
