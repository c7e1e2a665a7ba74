import { Argument, type Command, type Option } from 'commander'
import type { Surroundings } from '../argument/surroundings.ts'
import { writeLines } from '../terminal/output.ts'
import { recordColumns } from '../terminal/record-columns.ts'
import { type CompletedOption, completionScripts, type Place } from './completion-script.ts'

const shells = ['bash', 'zsh', 'fish'] as const

const setUp = `
  bash:  source <(daybook completion bash)       in ~/.bashrc
  zsh:   source <(daybook completion zsh)        in ~/.zshrc
  fish:  daybook completion fish > ~/.config/fish/completions/daybook.fish`

/** `daybook completion SHELL`: a script that completes commands and options by Tab. */
export function addCompletionCommand(program: Command, { stdout }: Surroundings): void {
  program
    .command('completion')
    .description('print a script that completes commands and options by Tab')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText('after', setUp)
    .action(async (shell: (typeof shells)[number]) => {
      await writeLines(stdout, [completionScripts[shell](placesOf(program)).trimEnd()])
    })
}

/** Every place of `program` and of the commands below it. */
export function placesOf(program: Command): readonly Place[] {
  const everywhere = program.options.map(completed)
  return placesBelow(program, [], everywhere)
}

function placesBelow(
  command: Command,
  path: readonly string[],
  everywhere: readonly CompletedOption[],
): readonly Place[] {
  const own = path.length === 0 ? [] : command.options.map(completed)
  const place = {
    path: path.join(' '),
    commands: command.commands.map(each => ({ name: each.name(), description: each.description() })),
    values: command.registeredArguments.flatMap(valuesOf),
    options: [...own, ...everywhere, help],
  }
  const below = command.commands.flatMap(each => placesBelow(each, [...path, each.name()], everywhere))
  return [place, ...below]
}

const help: CompletedOption = {
  name: '--help',
  short: '-h',
  description: 'say more',
  takesValue: false,
  choices: [],
}

function completed({ long, short, description, required, argChoices }: Option): CompletedOption {
  return {
    name: long ?? short ?? '',
    short,
    description,
    takesValue: required,
    choices: argChoices ?? [],
  }
}

/** The resources that this version knows; a server may have more. */
function valuesOf(argument: Argument): readonly string[] {
  return argument.argChoices ?? (argument.name() === 'resource' ? [...recordColumns.keys()] : [])
}
