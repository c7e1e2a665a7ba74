import type { z } from 'zod'
import { job } from './job.ts'
import { machine, machineAssign, machineSession } from './machine.ts'
import { type Family, openObject } from './member.ts'
import { queueEvent } from './queue-item.ts'
import { robotLogEvent } from './robot-log.ts'

/** Every event that UiPath Insights lists or shows. */
export const families: readonly Family[] = [
  job,
  queueEvent,
  machineSession,
  machine,
  machineAssign,
  robotLogEvent,
]

const schemas: ReadonlyMap<string, z.ZodObject> = new Map(
  families.flatMap(({ types, members }) => {
    const schema = openObject(members)
    return types.map(type => [type, schema] as const)
  }),
)

/** The schema of what an event of this type says beside the common fields; undefined for a type that is not known. */
export function bodySchemaOf(eventType: string): z.ZodObject | undefined {
  return schemas.get(eventType)
}
