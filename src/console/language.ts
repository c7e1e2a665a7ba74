import { effect, signal } from '@preact/signals'
import { keep, readKept } from './storage.ts'
import { en, type Text } from './text/en.ts'

export const languages = { en: 'English', zh: '中文' } as const
export type Language = keyof typeof languages

function isLanguage(name: string | undefined): name is Language {
  return name !== undefined && Object.hasOwn(languages, name)
}

/** What the user chose, or the first language of the browser that there is. */
function firstLanguage(): Language {
  const kept = readKept('local', 'language')
  if (isLanguage(kept)) return kept
  return navigator.languages.map(each => each.split('-')[0]).find(isLanguage) ?? 'en'
}

export const language = signal<Language>('en')

const current = signal<Text>(en)

/** All texts, in the language of the user: `text().records.title`. A component that reads it follows a change. */
export function text(): Text {
  return current.value
}

export async function setLanguage(next: Language): Promise<void> {
  current.value = next === 'zh' ? (await import('./text/zh.ts')).zh : en
  language.value = next
}

/** Resolves when the texts are there. */
export async function startLanguage(): Promise<void> {
  await setLanguage(firstLanguage())
  effect(() => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en'
    if (language.value !== firstLanguage()) keep('local', 'language', language.value)
  })
}
