import { sql } from 'kysely'
import type { Predicate } from '../../condition/predicate.ts'
import { Slot } from '../../database/statement.ts'
import type { NameSet } from '../../permission/grant.ts'
import { prefixUpperBound } from '../../permission/prefix-range.ts'
import { type Access, allPredicates } from './access.ts'
import type { Reader } from './read.ts'
import { maxMergedNames, type Selection } from './selection.ts'

/** How long it is remembered that a set holds too many names, in milliseconds: to hop along so many costs more than most queries. */
const tooManyMs = 1000

/** Until when, for each set (an identity keeps its sets), by `performance.now()`. */
const tooManyUntil = new WeakMap<NameSet, number>()

/**
 * The names in the table that the set holds, or undefined when there are more than a merge may have. Hops along
 * the name index from one name to the next (PostgreSQL wiki, "Loose indexscan"), one index entry a name. That there are more is
 * remembered for a second: it only decides how rows are read, not which.
 */
export async function resolveNames(
  { resource, builder, cache, runner }: Reader,
  set: NameSet,
): Promise<readonly string[] | undefined> {
  if (set.everything || set.names.length > maxMergedNames) return undefined
  if (set.prefixes.length === 0) return set.names
  if (performance.now() < (tooManyUntil.get(set) ?? 0)) return undefined

  const statement = cache.get(`${resource.name}|names`, () => {
    const name = sql.ref(resource.nameField)
    const table = sql.table(resource.table)
    const names = sql`with recursive hop(upper, name) as (
      select p.upper, (select ${name} from ${table} where ${name} >= p.lower and ${name} < p.upper order by 1 limit 1)
      from unnest(${new Slot(0)}::text[], ${new Slot(1)}::text[]) as p(lower, upper)
      union all
      select h.upper, (select ${name} from ${table} where ${name} > h.name and ${name} < h.upper order by 1 limit 1)
      from hop as h where h.name is not null
    ) select name from hop where name is not null limit ${new Slot(2)}`
    return { compile: () => names.compile(builder) }
  })
  const most = maxMergedNames - set.names.length
  const bounds = set.prefixes.map(prefixUpperBound)
  const { rows } = await runner.run(statement, [set.prefixes, bounds, most + 1])
  if (rows.length > most) {
    tooManyUntil.set(set, performance.now() + tooManyMs)
    return undefined
  }
  return [...set.names, ...rows.map(([name]) => String(name))]
}

/** How the rows of `access` are read: merged by name where they have few, else filtered. */
export async function selectPermitted(
  reader: Reader,
  access: Access,
): Promise<Pick<Selection, 'names'> & { readonly predicates: readonly Predicate[] }> {
  const names = await resolveNames(reader, access.names)
  return { names, predicates: names === undefined ? allPredicates(access) : access.predicates }
}
