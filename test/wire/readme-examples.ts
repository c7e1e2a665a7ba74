import { readFileSync } from 'node:fs'

/** A request of the README and the answer that it shows. */
export interface ReadmeExample {
  readonly request: {
    readonly method: string
    readonly params: Readonly<Record<string, unknown>>
    readonly id: number
  }
  readonly answer: unknown
}

/** The README's curl commands, each with the JSON block that follows it; `token` takes the place of `$TOKEN`. */
export function readExamples(token: string): readonly ReadmeExample[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const blocks = [...readme.matchAll(/^```(\w+)(?: \w+)?\n(.*?)^```$/gms)]
  return blocks.flatMap(([, language, text = ''], i) => {
    const body = /curl [^']*'[^']*' -d '(.*)'\n$/s.exec(text)?.[1]
    const [, next, answer = ''] = blocks[i + 1] ?? []
    if (language !== 'sh' || body === undefined || next !== 'json') return []
    return [{ request: JSON.parse(body.replaceAll("'$TOKEN'", token)), answer: JSON.parse(answer) }]
  })
}
