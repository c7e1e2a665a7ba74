import { listOf, objectOf, resolved } from './vocabulary.ts'

/** The second half of a method's name, and what it does with all that match a filter. */
export type RecordAction = 'cancel' | 'replay' | 'delete'

/** A kind of record, as the server's document tells of it (`x-records` and the methods that there are). */
export interface RecordsShape {
  readonly resource: string
  readonly summary: string
  /** The member that tells one record from the other. */
  readonly key: string
  /** The time that newest first goes by. */
  readonly newestBy: string
  /** The member that says by its name who may read the record. */
  readonly namedBy: string
  /** Whether it is a run, which begins and ends. */
  readonly isRun: boolean
  /** What a page of the list can show: members of the records, and what the server computes of them. */
  readonly pageFields: readonly string[]
  readonly actions: readonly RecordAction[]
  readonly has: {
    readonly stats: boolean
    readonly facet: boolean
    readonly get: boolean
    readonly live: boolean
  }
}

const actions: readonly RecordAction[] = ['cancel', 'replay', 'delete']

/** Every kind of record that the server has, in the order of its document (`rpc.discover`). */
export function recordsShapesOf(document: unknown): readonly RecordsShape[] {
  const root = objectOf(document)
  const methods = new Map(
    listOf(root.methods)
      .map(objectOf)
      .map(method => [String(method.name), method]),
  )
  return [...methods.values()].flatMap(method => {
    const shape = objectOf(method['x-records'])
    const { resource } = shape
    if (typeof resource !== 'string') return []
    const has = (verb: string): boolean => methods.has(`${resource}_${verb}`)
    return [
      {
        resource,
        summary: String(shape.summary),
        key: String(shape.key),
        newestBy: String(shape.newest_by),
        namedBy: String(shape.named_by),
        isRun: shape.is_run === true,
        pageFields: pageFieldsOf(root, methods.get(`${resource}_page`)),
        actions: actions.filter(has),
        has: { stats: has('stats'), facet: has('facet'), get: has('get'), live: has('subscribe') },
      },
    ]
  })
}

function pageFieldsOf(root: Readonly<Record<string, unknown>>, page: unknown): readonly string[] {
  const param = listOf(objectOf(page).params)
    .map(objectOf)
    .find(({ name }) => name === 'fields')
  const schema = resolved(root, objectOf(param?.schema))
  return listOf(resolved(root, objectOf(schema.items)).enum).map(String)
}
