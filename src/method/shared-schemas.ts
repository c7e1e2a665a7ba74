type Json = Readonly<Record<string, unknown>>

/**
 * The schemas that have a `title`, each once: where one stands, a reference to `#/components/schemas/…` takes its place. Two of
 * one title that differ (a member with a default may be left out of a call, not of an answer) get a number.
 */
export interface SharedSchemas {
  /** `schema` with references in place of what is shared. */
  share(schema: Json): Json
  /** What the references refer to. */
  readonly all: Json
}

export function createSharedSchemas(): SharedSchemas {
  const texts = new Map<string, string>()
  const all: Record<string, Json> = {}

  function share(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(share)
    if (typeof value !== 'object' || value === null) return value
    const shared = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, share(inner)]))
    if (typeof shared.title !== 'string') return shared
    return { $ref: `#/components/schemas/${nameOf(shared, shared.title.replaceAll(' ', '_'))}` }
  }

  function nameOf(schema: Json, title: string): string {
    const text = JSON.stringify(schema)
    for (let number = 1; ; number++) {
      const name = number === 1 ? title : `${title}_${number}`
      const known = texts.get(name)
      if (known === text) return name
      if (known !== undefined) continue
      texts.set(name, text)
      all[name] = schema
      return name
    }
  }

  return { share: schema => share(schema) as Json, all }
}
