import { Argument, type Command } from 'commander'
import type { Surroundings } from '../argument/surroundings.ts'
import { writeLines } from '../terminal/output.ts'
import { completionScripts } from './completion-script.ts'
import { placesOf } from './completion-tree.ts'

const shells = ['bash', 'zsh', 'fish'] as const

const help = `
  bash:  source <(daybook completion bash)       in ~/.bashrc
  zsh:   source <(daybook completion zsh)        in ~/.zshrc
  fish:  daybook completion fish > ~/.config/fish/completions/daybook.fish`

/** `daybook completion SHELL`: what a shell sources to complete commands and options by Tab. */
export function addCompletionCommand(program: Command, { stdout }: Surroundings): void {
  program
    .command('completion')
    .description('print what a shell sources to complete commands and options by Tab')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText('after', help)
    .action(async (shell: (typeof shells)[number]) => {
      await writeLines(stdout, [completionScripts[shell](placesOf(program)).trimEnd()])
    })
}
