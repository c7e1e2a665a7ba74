import { effect, signal } from '@preact/signals'
import { keep, readKept } from './storage.ts'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const kept = readKept('local', 'theme')

/** What the user chose; `style/tokens.css` has the colours. */
export const theme = signal<Theme>(themes.find(each => each === kept) ?? 'system')

const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = signal(prefersDark.matches)

/** Whether colours are dark now: what draws on a canvas draws anew when it changes. */
export function isDark(): boolean {
  return theme.value === 'system' ? systemIsDark.value : theme.value === 'dark'
}

export function startTheme(): void {
  prefersDark.addEventListener('change', () => {
    systemIsDark.value = prefersDark.matches
  })
  effect(() => {
    const { value } = theme
    if (value === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = value
    keep('local', 'theme', value === 'system' ? undefined : value)
  })
}
