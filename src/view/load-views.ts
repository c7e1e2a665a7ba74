import { type NamedView, namesView, type Views, viewNames } from '../condition/named-view.ts'
import { maxViewDepth } from '../condition/plan.ts'
import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { RpcError } from '../errors.ts'
import { parseJson } from '../json.ts'

type Statements = Pick<Runner, 'run'>

/** The views that one query may name in all, those within views included. */
const most = 100

// One's own comes before one that somebody shares.
const find = rawStatement(
  `select asked.owner, asked.name, found.id, found.owner, found.resource, found.condition
   from unnest($1::text[], $2::text[]) as asked (owner, name)
   cross join lateral (
     select * from view v where v.name = asked.name and (v.owner = asked.owner or v.shared and $3::boolean)
     order by v.owner = asked.owner desc limit 1) as found`,
)

const superToken = rawStatement('select token_key from token where is_super')

interface Query {
  readonly condition: readonly unknown[]
  readonly views?: Views | undefined
}

/**
 * The query with the views that it names, as they are now; `owner`: whose names they are (a principal). Null: those of the
 * super token alone, for what works in its name: whoever shares a view may change it, and so what is deleted or sent out.
 * Names of views that are not there are left to whoever plans the query, who knows the path.
 */
export async function withViews<Q extends Query>(
  runner: Statements,
  query: Q,
  owner: string | null,
): Promise<Q> {
  if (!namesView(query.condition)) return query
  const whose = owner ?? String((await runner.run(superToken, [])).rows[0]?.[0] ?? '')
  const views = await loadViews(runner, query.condition, { owner: whose, isShared: owner !== null })
  return { ...query, views }
}

async function loadViews(
  { run }: Statements,
  condition: readonly unknown[],
  { owner, isShared }: { readonly owner: string; readonly isShared: boolean },
): Promise<Views> {
  const scopes = new Map<string, Map<string, NamedView>>()
  const scopeOf = (whose: string): Map<string, NamedView> => {
    const known = scopes.get(whose) ?? new Map<string, NamedView>()
    scopes.set(whose, known)
    return known
  }
  const asked = new Set<string>()
  let wanted = unasked(owner, condition, asked)
  // One level more than may be: that is how the planner sees that they nest too deeply.
  for (let depth = 0; wanted.length > 0 && depth <= maxViewDepth; depth++) {
    if (asked.size > most) throw tooMany()
    const columns = [wanted.map(each => each.owner), wanted.map(each => each.name)]
    const { rows } = await run(find, [...columns, isShared])
    wanted = rows.flatMap(([askedOwner, name, id, viewOwner, resource, text]) => {
      const inner = parseJson(String(text)) as readonly unknown[]
      scopeOf(String(askedOwner)).set(String(name), {
        id: Number(id),
        resource: String(resource),
        condition: inner,
        inside: scopeOf(String(viewOwner)),
      })
      return unasked(String(viewOwner), inner, asked)
    })
  }
  return scopeOf(owner)
}

interface Wanted {
  readonly owner: string
  readonly name: string
}

function unasked(owner: string, condition: readonly unknown[], asked: Set<string>): readonly Wanted[] {
  return viewNames(condition).flatMap(name => {
    // No text in the database holds a NUL.
    const key = `${owner}\0${name}`
    if (asked.has(key)) return []
    asked.add(key)
    return [{ owner, name }]
  })
}

function tooMany(): RpcError {
  const message = `A query may name at most ${most} views`
  return new RpcError('too_many_conditions', message, {
    path: 'query.condition',
    retryable: false,
    max: most,
  })
}
