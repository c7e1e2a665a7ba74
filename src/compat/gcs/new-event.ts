import { z } from 'zod'
import { recordTime } from '../../condition/value.ts'
import { maxNameLength } from '../../permission/pattern.ts'
import { executionEvent, type NewExecutionEventRow } from '../../resource/kind/execution-event.ts'
import { newRowSchema } from '../../resource/row.ts'
import { makeEventName, objectNameOf, suffixLength } from './event-shape.ts'

const row = newRowSchema(executionEvent).shape

/** RFC 3339; zod alone would also take a time without seconds. */
const time = z.iso
  .datetime({ offset: true, error: 'expected an RFC 3339 time, e.g. 2018-08-20T06:41:44Z' })
  .regex(/T\d\d:\d\d:\d\d/, 'expected seconds')
  .transform(text => Date.parse(text))
  .pipe(recordTime)
  .nullish()

const name = z.string().pipe(row.name as z.ZodType<string, string>)

/** Go writes a value that is not set as null or as an empty text. */
const kubeName = z.preprocess(given => (given === '' ? null : given), name.nullish())
const kubeCount = z.int().min(0).nullish()

/** Members of these names, which Kubernetes writes and which are not kept. */
function dropped<Name extends string>(...names: readonly Name[]) {
  const members = names.map(name => [name, z.unknown().optional()])
  return Object.fromEntries(members) as Record<Name, z.ZodOptional<z.ZodUnknown>>
}

/** The rest of an object's metadata (meta/v1, ObjectMeta). */
const otherMetadata = {
  ...dropped('generateName', 'selfLink', 'resourceVersion', 'generation', 'deletionTimestamp'),
  ...dropped('deletionGracePeriodSeconds', 'labels', 'annotations', 'ownerReferences'),
  ...dropped('finalizers', 'managedFields', 'clusterName'),
}

const objectReference = z.strictObject({
  name,
  namespace: kubeName,
  kind: kubeName,
  uid: z.string().nullish(),
  ...dropped('apiVersion', 'resourceVersion', 'fieldPath'),
})

/**
 * An event as a client gives it: the shape of GCS less what can be made, and both shapes of Kubernetes, core/v1 and
 * events.k8s.io/v1.
 */
const givenSchema = z
  .strictObject({
    metadata: z
      .strictObject({
        name: name.optional(),
        namespace: kubeName,
        uid: z.string().min(1).nullish(),
        creationTimestamp: time,
        ...otherMetadata,
      })
      .optional(),
    involvedObject: objectReference.optional(),
    regarding: objectReference.optional(),
    reason: z.string().nullish(),
    message: z.string().nullish(),
    note: z.string().nullish(),
    firstTimestamp: time,
    deprecatedFirstTimestamp: time,
    lastTimestamp: time,
    deprecatedLastTimestamp: time,
    eventTime: time,
    series: z.strictObject({ count: kubeCount, lastObservedTime: time, ...dropped('state') }).nullish(),
    count: kubeCount,
    deprecatedCount: kubeCount,
    type: z.preprocess(given => given || undefined, z.enum(['Normal', 'Warning']).default('Normal')),
    elemType: name.nullish(),
    elemId: name.nullish(),
    actionName: name.nullish(),
    action: kubeName,
    kind: z.literal('Event').optional(),
    ...dropped('apiVersion', 'related', 'source', 'deprecatedSource'),
    ...dropped('reportingComponent', 'reportingController', 'reportingInstance'),
  })
  .superRefine((given, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    const { metadata, involvedObject, regarding, firstTimestamp, lastTimestamp } = given
    const object = involvedObject ?? regarding
    const place = involvedObject === undefined && regarding !== undefined ? 'regarding' : 'involvedObject'
    if (object === undefined) return fault([place], 'is missing')
    if (involvedObject !== undefined && regarding !== undefined) {
      fault(['regarding'], 'says again what involvedObject says')
    }
    const { namespace } = object
    if (!namespace && !metadata?.namespace) fault([place, 'namespace'], 'is missing')
    if (namespace && metadata?.namespace && metadata.namespace !== namespace) {
      fault(['metadata', 'namespace'], `must be that of ${place}`)
    }
    const most = maxNameLength - suffixLength
    if (metadata?.name === undefined && [...object.name].length > most) {
      fault([place, 'name'], `without metadata.name it must have at most ${most} characters`)
    }
    // An object of Kubernetes may lack what an event of ours must have.
    if (!metadata?.uid) {
      if (given.reason == null) fault(['reason'], 'is missing')
      if (given.message == null && given.note == null) fault(['message'], 'is missing')
      if (given.count === 0) fault(['count'], 'must be at least 1')
    }
    if (firstTimestamp != null && lastTimestamp != null && lastTimestamp < firstTimestamp) {
      fault(['lastTimestamp'], 'must not be before firstTimestamp')
    }
  })

type Given = z.output<typeof givenSchema>

/** Parses an event and makes of it what execution-event records, the execution apart. */
export const newEventSchema = givenSchema.transform(
  (given): NewEvent => ({
    row: rowOf(given),
    isCounted: countOf(given) !== undefined,
    isNamed: Boolean(given.metadata?.uid) && given.metadata?.name !== undefined,
  }),
)

export interface NewEvent {
  readonly row: Omit<NewExecutionEventRow, 'execution_id'>
  /** Its count says how often it was reported in all. */
  readonly isCounted: boolean
  /** Its name is that of one object of Kubernetes, which changes. */
  readonly isNamed: boolean
}

/** How often it was reported in all; undefined: once more. A series counts itself; an object without any is one report. */
function countOf({ metadata, series, count, deprecatedCount }: Given): number | undefined {
  return series?.count || count || deprecatedCount || (metadata?.uid ? 1 : undefined)
}

function rowOf(given: Given): NewEvent['row'] {
  const { metadata, type, action } = given
  const object = given.involvedObject ?? given.regarding
  if (object === undefined) throw new TypeError('an event without an object was let through')
  const namespace = object.namespace ?? metadata?.namespace ?? ''
  const [reason, message] = [given.reason ?? '', given.message ?? given.note ?? '']
  const elem_type = given.elemType ?? object.kind ?? null
  const elem_id = given.elemId ?? (object.kind ? object.name : null)
  const action_name = given.actionName ?? action ?? null
  const members = [namespace, reason, message, type, elem_type, elem_id, action_name]
  const count = countOf(given)
  const event = metadata?.name ?? makeEventName(object.name, members)
  return {
    name: event,
    namespace,
    object_name: objectNameOf(event) === object.name ? null : object.name,
    reason,
    message,
    type,
    elem_type,
    elem_id,
    action_name,
    ...timesOf(given),
    ...(count !== undefined && { count }),
  }
}

function timesOf(given: Given): Pick<NewExecutionEventRow, 'first_timestamp' | 'last_timestamp'> {
  const { metadata, series, eventTime } = given
  const first = given.firstTimestamp ?? given.deprecatedFirstTimestamp ?? eventTime
  const last = series?.lastObservedTime ?? given.lastTimestamp ?? given.deprecatedLastTimestamp
  const created = metadata?.uid ? metadata.creationTimestamp : undefined
  const begin = first ?? (last == null ? created : undefined)
  return {
    ...(begin != null && { first_timestamp: begin }),
    ...(last != null && { last_timestamp: Math.max(last, begin ?? last) }),
  }
}
