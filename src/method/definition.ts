import { z } from 'zod'
import type { Clock } from '../async/clock.ts'
import type { Actor } from '../audit/entry.ts'
import { writeDeed } from '../audit/write.ts'
import type { Database, Runner } from '../database/database.ts'
import {
  changeShape,
  creationShape,
  type Definition,
  type DefinitionVerb,
  type Fields,
  type GivenOf,
  keyShape,
  type StoredOf,
  shownSchema,
} from '../definition/definition.ts'
import { createStore, type DefinitionStore } from '../definition/store.ts'
import { hasReason, RpcError } from '../errors.ts'
import {
  type Action,
  type Identity,
  permits,
  requirePermission,
  requireSome,
  requireSuper,
} from '../permission/grant.ts'
import { principalOf } from '../permission/origin.ts'
import type { Sealer } from '../seal.ts'
import { actorOf, credentialParam, defineMethod, type Method } from './method.ts'

export interface DefinitionDeps {
  readonly database: Database
  readonly clock: Clock
  /** For what its storages keep sealed. */
  readonly sealer?: Sealer
  /** Called after each change that is committed. */
  onChange?(): void
}

/** What is special about a kind of definition; each throws RpcError for what it refuses. */
export interface DefinitionRules<D> {
  /** What needs no transaction is checked before one begins. */
  check?(given: Partial<GivenOf<D>>): Promise<void>
  /** What is stored of what a client gave; absent: just that. */
  create?(given: GivenOf<D>, caller: Identity): Promise<Partial<StoredOf<D>>> | Partial<StoredOf<D>>
  /** What changes of `before`, which is locked; undefined: nothing. Absent: what was given. */
  update?(given: Partial<GivenOf<D>>, before: StoredOf<D>, caller: Identity): Partial<StoredOf<D>> | undefined
  /** Before one is inserted, in its transaction. */
  admit?(runner: Runner, values: Partial<StoredOf<D>>): Promise<void>
  /** After one was inserted, in its transaction. */
  created?(runner: Runner, after: StoredOf<D>): Promise<void>
  /** After one has changed, in its transaction. */
  changed?(runner: Runner, before: StoredOf<D>, after: StoredOf<D>): Promise<void>
  /** Before one that is locked is deleted. */
  remove?(runner: Runner, before: StoredOf<D>): Promise<void>
}

type Members = Readonly<Record<string, unknown>>

/** What all methods of one definition work with. Names and types of its fields do not matter here. */
interface Kind extends DefinitionDeps {
  readonly definition: Definition
  readonly store: DefinitionStore<Members>
  readonly rules: DefinitionRules<Definition>
  readonly shown: z.ZodObject
  show(stored: Members): Members
}

type MethodMaker = (kind: Kind, name: string, summary: string) => Method

const makers: Readonly<Record<DefinitionVerb, MethodMaker>> = {
  create: createMethod,
  read: readMethod,
  update: updateMethod,
  delete: deleteMethod,
  list: listMethod,
}
const verbs: readonly DefinitionVerb[] = ['create', 'update', 'delete', 'read', 'list']

/** The methods that a definition gets by being declared. */
export function definitionMethods<F extends Fields>(
  definition: Definition<F>,
  deps: DefinitionDeps,
  rules: DefinitionRules<Definition<F>> = {},
): readonly Method[] {
  const shown = shownSchema(definition)
  const kind: Kind = {
    ...deps,
    definition,
    rules,
    store: createStore<Fields>(definition, deps.sealer),
    shown,
    show: stored => showOf(definition, stored),
  }
  return verbs.flatMap(verb => {
    const said = definition.methods[verb]
    return said === undefined ? [] : [makers[verb](kind, ...said)]
  })
}

/** What is shown of one that is stored. */
export function showOf({ fields }: Definition, stored: Members): Members {
  const shown = Object.entries(fields).filter(([, field]) => field.shown !== undefined)
  return Object.fromEntries(
    shown.map(([name, field]) => [name, field.show === undefined ? stored[name] : field.show(stored[name])]),
  )
}

const done = z.strictObject({ success: z.literal(true) })

/** The schema of a verb's answer, with the constants that it holds beside. */
function answerSchema({ adds }: Definition, verb: DefinitionVerb, schema: z.ZodObject): z.ZodObject {
  const constants = Object.entries(adds?.[verb] ?? {}).map(([name, value]) => [name, z.literal(value)])
  return constants.length === 0 ? schema : schema.extend(Object.fromEntries(constants))
}

function createMethod(kind: Kind, name: string, summary: string): Method {
  const { definition, database, rules, shown, show, onChange } = kind
  const isBrief = definition.answers === 'brief'
  return defineMethod({
    name,
    summary,
    isAudited: true,
    params: { token: credentialParam, ...creationShape(definition) },
    toleratedMembers: definition.tolerated ?? [],
    result: isBrief ? z.strictObject({ id: z.int() }) : shown,
    async handle(call) {
      const { caller } = call
      const { token: _, ...given } = call.params
      requireVerb(definition, 'create', caller, given)
      await rules.check?.(given)
      const chosen = rules.create === undefined ? given : await rules.create(given, caller)
      const values = definition.isOwned === true ? { ...chosen, owner: principalOf(caller) } : chosen
      const by = actorOf(name, call)
      const created = show(
        await database.transaction(async runner => {
          const inserted = await insert(kind, runner, values)
          await told(kind, runner, { by, one: inserted })
          return inserted
        }),
      )
      onChange?.()
      return isBrief ? { id: created.id } : created
    },
  })
}

/** Throws RpcError 109. */
async function insert(
  { definition, store, rules, clock }: Kind,
  runner: Runner,
  values: Members,
): Promise<Members> {
  const { key, isOwned, noun, taken, messages } = definition
  await rules.admit?.(runner, values)
  const inserted = await store.insert(runner, values, clock())
  if (inserted !== undefined) {
    await rules.created?.(runner, inserted)
    return inserted
  }
  const named = isOwned === true ? [values.owner, values[key]] : values[key]
  const isOther = taken !== undefined && (await store.find(runner, named)) === undefined
  throw isOther
    ? conflict(taken)
    : conflict({
        reason: 'name_in_use',
        path: key,
        message: messages?.exists ?? `There is a ${noun} of this name`,
      })
}

function updateMethod(kind: Kind, name: string, summary: string): Method {
  const { definition, database, rules, shown, show, onChange } = kind
  const isBrief = definition.answers === 'brief'
  const keys = new Set(Object.keys(keyShape(definition)))
  return defineMethod({
    name,
    summary,
    isAudited: true,
    params: { token: credentialParam, ...changeShape(definition) },
    toleratedMembers: definition.tolerated ?? [],
    result: answerSchema(definition, 'update', isBrief ? done : shown),
    async handle(call) {
      const { caller } = call
      const { token: _, ...params } = call.params
      const named = requireVerb(definition, 'update', caller, params)
      await rules.check?.(params)
      const given = Object.fromEntries(Object.entries(params).filter(([member]) => !keys.has(member)))
      const by = actorOf(name, call)
      const members = Object.keys(given).filter(member => given[member] !== undefined)
      const changed = show(
        await database.transaction(async runner => {
          const after = await change(kind, runner, { named, given, caller })
          await told(kind, runner, { by, one: after, members })
          return after
        }),
      )
      onChange?.()
      return { ...(isBrief ? { success: true } : changed), ...definition.adds?.update }
    },
  })
}

interface Told {
  readonly by: Actor
  /** The definition as it is now, or was. */
  readonly one: Members
  /** Names of the members that were given to change it. */
  readonly members?: readonly string[]
}

/** Tells the audit trail, in the transaction of the change. */
function told({ definition, clock }: Kind, runner: Runner, { by, one, members }: Told): Promise<void> {
  const { resource } = one
  const deed = {
    by,
    target: String(one[definition.key]),
    ...(typeof resource === 'string' && { resource }),
    ...(members && { members }),
  }
  return writeDeed(runner, deed, clock())
}

interface Change {
  /** As the store takes it. */
  readonly named: unknown
  readonly given: Members
  readonly caller: Identity
}

/** Throws RpcError 105 and 109. */
async function change(
  { definition, store, rules, clock }: Kind,
  runner: Runner,
  { named, given, caller }: Change,
): Promise<Members> {
  const { taken } = definition
  const before = await store.lock(runner, named)
  if (before === undefined) throw notFound(definition)
  const values = rules.update === undefined ? given : rules.update(given, before, caller)
  if (values === undefined) return before
  try {
    const after = (await store.update(runner, named, values, clock())) ?? before
    await rules.changed?.(runner, before, after)
    return after
  } catch (error) {
    // The key itself never changes.
    throw taken !== undefined && hasReason(error, 'unique_violation') ? conflict(taken) : error
  }
}

function deleteMethod(kind: Kind, name: string, summary: string): Method {
  const { definition, database, store, rules, onChange } = kind
  return defineMethod({
    name,
    summary,
    isAudited: true,
    params: { token: credentialParam, ...keyShape(definition) },
    result: answerSchema(definition, 'delete', done),
    async handle(call) {
      const named = requireVerb(definition, 'delete', call.caller, call.params)
      await database.transaction(async runner => {
        const before = await store.lock(runner, named)
        if (before === undefined) throw notFound(definition)
        await rules.remove?.(runner, before)
        await store.remove(runner, named)
        await told(kind, runner, { by: actorOf(name, call), one: before })
      })
      onChange?.()
      return { success: true, ...definition.adds?.delete }
    },
  })
}

function readMethod(
  { definition, database, store, shown, show }: Kind,
  name: string,
  summary: string,
): Method {
  return defineMethod({
    name,
    summary,
    params: { token: credentialParam, ...keyShape(definition) },
    result: shown,
    async handle({ params, caller }) {
      const found = await store.find(database, requireVerb(definition, 'read', caller, params))
      if (found === undefined) throw notFound(definition)
      return show(found)
    },
  })
}

function listMethod(
  { definition, database, store, shown, show }: Kind,
  name: string,
  summary: string,
): Method {
  const { key, isOwned, listed } = definition
  const action = actionOf(definition, 'list')
  return defineMethod({
    name,
    summary,
    params: { token: credentialParam },
    result: z.strictObject({ [listed]: z.array(shown) }),
    async handle({ caller }) {
      if (isOwned === true) {
        const own = await store.list(database, caller.isSuper ? undefined : principalOf(caller))
        return { [listed]: own.map(show) }
      }
      if (action === undefined) requireSuper(caller)
      else requireSome(caller, action)
      const all = await store.list(database)
      const listable = all.filter(each => action === undefined || permits(caller, action, String(each[key])))
      return { [listed]: listable.map(show) }
    },
  })
}

function actionOf({ permission }: Definition, verb: DefinitionVerb): Action | undefined {
  if (permission === undefined) return undefined
  return { scope: permission.scope, permission: permission.permission, verb: permission.verbs[verb] }
}

/** The key that the parameters name, as the store takes it. Throws RpcError 102 unless the caller may do this to its definition. */
function requireVerb(
  definition: Definition,
  verb: DefinitionVerb,
  caller: Identity,
  params: Members,
): unknown {
  const action = actionOf(definition, verb)
  const named = params[definition.key]
  if (definition.isOwned === true) return [ownerNamed(caller, params.owner), named]
  if (action === undefined) requireSuper(caller)
  else requirePermission(caller, action, String(named))
  return named
}

/** Whose definition the caller means. Throws RpcError 102 where it is another's. */
export function ownerNamed(caller: Identity, owner: unknown): string {
  const own = principalOf(caller)
  if (owner === undefined || owner === own) return own
  requireSuper(caller)
  return String(owner)
}

/** 105; only for callers who may know. */
export function notFound({ noun, key, absent, messages }: Definition): RpcError {
  return new RpcError(absent, messages?.absent ?? `There is no such ${noun}`, { path: key })
}

function conflict({ reason, message, path }: NonNullable<Definition['taken']>): RpcError {
  return new RpcError(reason, message, { path })
}
