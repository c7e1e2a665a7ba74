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
  const pairs = readme.matchAll(/^```sh\n(?:(?!^```).*\n)*?curl .*?-d '(.*?)'\n```\n+```json\n(.*?)\n```$/gms)
  return [...pairs].map(([, request = '', answer = '']) => ({
    request: JSON.parse(request.replaceAll("'$TOKEN'", token)),
    answer: JSON.parse(answer),
  }))
}
