import { z } from 'zod'
import { defineDefinition, type StoredOf } from '../definition/definition.ts'
import { createdTime, flag, given, kept, updatedTime } from '../definition/field.ts'
import { conditions, momentOrNull } from '../definition/storage.ts'
import { createStore } from '../definition/store.ts'
import { resources } from '../resource/kind/index.ts'

/** Rules are applied once a minute, so no shorter age could be kept. */
const leastAgeMs = 60_000

export const ruleId = z.int().describe('As retention_set and retention_list give it')

/** What a client says of a rule; `planExpired` reads the elements of the condition and knows their paths. */
export const ruleParams = {
  resource: z.enum(resources.map(({ name }) => name)).describe('Of which kind of record'),
  query: z
    .strictObject({
      condition: z.array(z.unknown()).describe('As for X_query, without limit and last; all hold together'),
    })
    .meta({ examples: [{ condition: ['is_success'] }] }),
  older_than_ms: z
    .int()
    .min(leastAgeMs)
    .describe('Counted from the time that orders the records: start_time, created_time, occur_time, …')
    .meta({ examples: [2_592_000_000] }),
}

/** A retention rule: which records are deleted once they are old enough, and how its runs ended. */
export const retentionRule = defineDefinition({
  noun: 'rule',
  title: 'retention rule',
  table: 'retention_rule',
  isSpecial: true,
  key: 'id',
  absent: 'rule_not_found',
  answers: 'brief',
  fields: {
    id: kept(ruleId, { listed: { title: 'id' } }),
    resource: given(ruleParams.resource, { listed: { title: 'resource' } }),
    query: given(ruleParams.query, {
      storage: conditions,
      listed: { title: 'condition', read: ({ condition }) => condition },
    }),
    older_than_ms: given(ruleParams.older_than_ms, {
      listed: { title: 'older_than' },
      flags: [
        flag('--older-than <time>', 'the age: 12h, 30d; at least 1m', {
          value: 'duration',
          isRequired: true,
        }),
      ],
    }),
    last_run_time: kept(z.int().nullable().describe('When the last run began, epoch ms'), {
      storage: momentOrNull(),
      listed: { title: 'last_run' },
    }),
    last_deleted: kept(z.int().nullable().describe('What the last run has deleted so far')),
    last_error: kept(z.string().nullable().describe('Why the last run ended early'), {
      listed: { title: 'error', kind: 'line' },
    }),
    deleted: kept(z.int().describe('What all runs have deleted'), { listed: { title: 'deleted' } }),
    created_time: createdTime,
    updated_time: updatedTime,
  },
  methods: {
    create: [
      'retention_set',
      'Has records deleted once they are old enough; the same resource and conditions again change the age',
    ],
    list: ['retention_list', 'Shows the rules, the oldest first, and what their runs have deleted'],
    delete: ['retention_delete', 'Deletes a rule; what it would have deleted stays'],
  },
  // A run under way reads the new age before its next batch.
  onConflict: `(resource, md5(condition::text)) do update set older_than_ms = excluded.older_than_ms,
    updated_time = excluded.updated_time`,
  command: {
    name: 'retention',
    summary: 'manage the rules by which a server deletes old records',
    none: 'no rules; daybook retention set makes one',
    verbs: {
      list: ['list', 'show all rules, and what they have deleted'],
      delete: ['delete', 'delete a rule; what it would have deleted stays'],
    },
  },
})

export type Rule = StoredOf<typeof retentionRule>
/** What a client decides of a rule. */
export type RuleDefinition = Pick<Rule, 'resource' | 'query' | 'older_than_ms'>

export const rules = createStore(retentionRule)
