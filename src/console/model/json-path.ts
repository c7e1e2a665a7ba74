/** `{KEY_path: …}`: a path, and one operator with its value. */
export interface PathTest {
  readonly path: readonly (string | number)[]
  readonly operator: PathOperator
  readonly value: unknown
}

export const pathOperators = ['eq', 'in', 'gt', 'gte', 'lt', 'lte', 'exists', 'contains'] as const
export type PathOperator = (typeof pathOperators)[number]

/** Undefined for what is none. */
export function readPathTest(value: unknown): PathTest | undefined {
  if (typeof value !== 'object' || value === null || !('path' in value)) return undefined
  const { path, ...rest } = value
  const [entry, second] = Object.entries(rest)
  const operator = pathOperators.find(each => each === entry?.[0])
  if (!isPath(path) || operator === undefined || second !== undefined) return undefined
  return { path, operator, value: entry?.[1] }
}

export function writePathTest({ path, operator, value }: PathTest): unknown {
  return { path, [operator]: value }
}

function isPath(value: unknown): value is PathTest['path'] {
  return Array.isArray(value) && value.every(part => typeof part === 'string' || typeof part === 'number')
}

/** A name without a mark, a number of an element in brackets, or any name in quotes within them. */
const part = /^\.?([^.[\]"\s]+)|^\[(\d+)\]|^\[("(?:[^"\\]|\\.)*")\]/

/** Reads `user.items[3]["first name"]`; undefined for what is no path. */
export function parsePath(text: string): readonly (string | number)[] | undefined {
  const path: (string | number)[] = []
  for (let rest = text.trim(); rest !== ''; ) {
    const found = part.exec(rest)
    if (found === null) return undefined
    const [whole, name, index, quoted] = found
    if (index !== undefined) path.push(Number(index))
    else path.push(name ?? (JSON.parse(quoted ?? '""') as string))
    rest = rest.slice(whole.length)
  }
  return path.length === 0 ? undefined : path
}
