import { text } from './language.ts'

/** What people call a resource; one that the console does not know keeps its name. */
export function resourceTitle(name: string): string {
  const titles: Readonly<Record<string, string>> = text().resource
  return Object.hasOwn(titles, name) ? (titles[name] ?? name) : name
}
