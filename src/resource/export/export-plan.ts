import { z } from 'zod'
import type { Clock } from '../../async/clock.ts'
import { readConditionText } from '../../condition/condition-text.ts'
import type { Plan } from '../../condition/plan.ts'
import { invalidParams } from '../../errors.ts'
import { parseInput } from '../../parse-input.ts'
import { planQuery, type Query } from '../query.ts'
import type { Resource } from '../resource.ts'
import { type ExportFormat, type ExportFormatName, exportFormats } from './export-format.ts'

/** What `GET /export/RESOURCE` was asked for. */
export interface ExportPlan {
  readonly plan: Plan
  readonly formatName: ExportFormatName
  readonly format: ExportFormat
  readonly after: number | undefined
  /** What comes first: for CSV the byte order mark, if asked for, by which spreadsheets recognize UTF-8. */
  readonly mark: string
}

export interface ExportLimits {
  readonly maxConditions: number
  /** Reads the views that the query names. */
  withViews(query: Query): Promise<Query>
  readonly clock: Clock
  /** How deep the conditions may nest as JSON. */
  readonly maxDepth: number
}

const formatNames = Object.keys(exportFormats) as [ExportFormatName, ...ExportFormatName[]]

const parameters = z.strictObject({
  condition: z.string().default('[]'),
  format: z.enum(formatNames).default('ndjson'),
  after: z
    .string()
    .regex(/^-?\d{1,15}$/, 'expected a key, a whole number')
    .transform(Number)
    .optional(),
  bom: z.stringbool({ truthy: ['', '1', 'true'], falsy: ['0', 'false'] }).default(false),
})

/** Reads the parameters of an export (texts; a list where one was repeated). Throws RpcError -32602 with the path of the fault. */
export async function planExport(
  resource: Resource,
  given: Readonly<Record<string, unknown>>,
  { maxConditions, maxDepth, clock, withViews }: ExportLimits,
): Promise<ExportPlan> {
  const { condition, format, after, bom } = parseInput(parameters, given)
  const query = await withViews({ condition: readConditionText(condition, maxDepth) })
  const plan = planQuery(resource, query, { maxConditions, clock, path: 'condition' })
  if (after !== undefined && plan.limit !== undefined) {
    throw invalidParams(
      'after',
      'a limit returns the newest records first: an export with a limit cannot begin behind a key',
      'not_by_key',
    )
  }
  if (bom && format !== 'csv') throw invalidParams('bom', 'only CSV begins with a byte order mark', 'not_csv')
  return { plan, formatName: format, format: exportFormats[format], after, mark: bom ? '\ufeff' : '' }
}
