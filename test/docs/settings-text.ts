import { defaultText, settings } from '../../src/config/settings.ts'

/** The table of docs/configuration.md: every setting in the order of its declaration. */
export function settingsText(): string {
  const rows = Object.entries(settings).map(([variable, setting]) => {
    const { takes, isSecret, summary } = setting
    return `| \`${variable}\`${isSecret ? ' ¹' : ''} | ${defaultText(setting)} | ${takes.replace(/[|*]/g, '\\$&')} | ${summary} |`
  })
  return ['| variable | default | takes | meaning |', '|---|---|---|---|', ...rows].join('\n')
}
