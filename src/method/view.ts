import { z } from 'zod'
import type { Runner } from '../database/database.ts'
import { locks, withAdvisoryLock } from '../database/locks.ts'
import { rawStatement } from '../database/statement.ts'
import { shownSchema } from '../definition/definition.ts'
import { RpcError } from '../errors.ts'
import { type Identity, permissionDenied } from '../permission/grant.ts'
import { nameSchema } from '../permission/name.ts'
import { principalOf } from '../permission/origin.ts'
import { resourceNamed, resources } from '../resource/kind/index.ts'
import { planFilters } from '../resource/query.ts'
import type { RecordService } from '../resource/records.ts'
import { withViews } from '../view/load-views.ts'
import { type View, view, views } from '../view/view.ts'
import { definitionMethods, notFound, showOf } from './definition.ts'
import { credentialParam, defineMethod, type Method } from './method.ts'

/** Views in all, and those of one token. */
const most = 2000
const mostOfToken = 100

/** All `view_*` methods. Any token may have views, and read those that others share. */
export function viewMethods(records: RecordService): readonly Method[] {
  const { maxConditions, clock } = records

  /** As it is now, the views that it names included: one that names itself is found whoever closed the circle. */
  async function requirePlannable(runner: Runner, made: View): Promise<void> {
    const resource = resourceNamed(made.resource)
    if (resource === undefined) throw new TypeError('the schema lists the resources')
    const query = await withViews(runner, made.query, made.owner)
    planFilters(resource, query, { maxConditions, clock, within: made.id })
  }

  const { read: _read, list: _list, ...changing } = view.methods
  const own = definitionMethods({ ...view, methods: changing }, records, {
    create(wanted, caller) {
      // A script that nobody answers for has no token whose views they would be.
      if (caller.tokenKey === '') throw permissionDenied()
      return { ...wanted, token_key: caller.tokenKey }
    },
    admit: (runner, { token_key }) => requireRoom(runner, token_key),
    created: requirePlannable,
    changed: (runner, _before, after) => requirePlannable(runner, after),
  })
  return [...own, readMethod(records), listMethod(records)]
}

const countAll = rawStatement('select count(*), count(*) filter (where token_key = $1) from view')

/** Throws RpcError 110. */
async function requireRoom(runner: Runner, tokenKey: string | undefined): Promise<void> {
  const { rows } = await withAdvisoryLock(runner, locks.makingViews, () => runner.run(countAll, [tokenKey]))
  const [all, ofToken] = rows[0] ?? []
  if (Number(ofToken) >= mostOfToken) throw tooMany(`A token may have ${mostOfToken} views`)
  if (Number(all) >= most) throw tooMany(`There may be ${most} views`)
}

function tooMany(message: string): RpcError {
  return new RpcError('too_many_views', message, { retryable: false })
}

const shown = shownSchema(view).extend({ is_own: z.boolean() })

function showTo(caller: Identity, found: View): object {
  const isOwn = found.owner === principalOf(caller)
  const owner = isOwn || caller.isSuper ? found.owner : null
  return { ...showOf(view, found), owner, is_own: isOwn }
}

const shared = rawStatement(`select ${views.columns} from view where shared order by name`)
const sharedNamed = rawStatement(`select ${views.columns} from view where shared and name = $1`)

/** One's own of that name, else the one that is shared. */
function readMethod({ database }: RecordService): Method {
  return defineMethod({
    name: 'view_read',
    summary: view.methods.read?.[1] ?? '',
    params: {
      token: credentialParam,
      name: nameSchema,
      owner: z.string().optional().describe('Whose it is, as the list says'),
    },
    result: shown,
    async handle({ params: { name, owner }, caller }) {
      const whose = caller.isSuper && owner !== undefined ? owner : principalOf(caller)
      const own = await views.find(database, [whose, name])
      const found = own ?? (await database.run(sharedNamed, [name])).rows.map(views.read)[0]
      if (found === undefined || (owner !== undefined && found.owner !== owner)) throw notFound(view)
      return showTo(caller, found)
    },
  })
}

function listMethod({ database }: RecordService): Method {
  return defineMethod({
    name: 'view_list',
    summary: view.methods.list?.[1] ?? '',
    params: {
      token: credentialParam,
      resource: z
        .enum(resources.map(({ name }) => name))
        .optional()
        .describe('Only those of this resource'),
    },
    result: z.strictObject({ views: z.array(shown) }),
    async handle({ params: { resource }, caller }) {
      const me = principalOf(caller)
      const own = await views.list(database, me)
      const others = caller.isSuper
        ? await views.list(database)
        : (await database.run(shared, [])).rows.map(views.read)
      const all = [...own, ...others.filter(({ owner }) => owner !== me)]
      const wanted = all.filter(each => resource === undefined || each.resource === resource)
      return { views: wanted.map(each => showTo(caller, each)) }
    },
  })
}
