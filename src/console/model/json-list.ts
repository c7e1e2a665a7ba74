import { parseJson } from '../../json.ts'

/** The JSON list that a text is; undefined: it is none yet. */
export function readList(source: string): readonly unknown[] | undefined {
  try {
    const value = parseJson(source)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
