import { valueWord } from '../../condition/language.ts'
import { generated } from '../field.ts'
import { defineResource } from '../resource.ts'

/** How it ended. `denied`: the caller may not, or its credential does not hold; `failed`: it may, and nothing was done. */
export const auditOutcomes = ['success', 'denied', 'failed'] as const

const nullable = { nullable: true } as const

/** Who deleted, imported, defined or tried what. The server alone writes it; only retention rules delete of it. */
export const auditLog = defineResource({
  name: 'audit-log',
  summary: 'entries of the audit trail',
  table: 'audit_log',
  fields: [
    generated('id', 'id', 'Record id'),
    generated('time', 'time', 'When, epoch ms'),
    generated('token_key', 'name', 'Key of the token; server: Daybook itself; stranger: no token that holds'),
    generated('token_name', 'name', 'Username of the token', nullable),
    generated(
      'other_keys',
      'json',
      'Keys of the other tokens whose rights bound it: makers of scripts',
      nullable,
    ),
    generated('address', 'name', 'Where the call came from; null: from a script, or the server', nullable),
    generated(
      'method',
      'name',
      'The method; retention: a run of a rule; several: of more than are told apart',
    ),
    generated('resource', 'name', 'The kind of record that it was about', nullable),
    generated('target', 'name', 'Which definition or token', nullable),
    generated('members', 'json', 'Names of the members of the definition or token that were given', nullable),
    generated('condition', 'json', 'The conditions as they were given', nullable),
    generated('dry_run', 'json', 'Whether it only asked what it would do', nullable),
    generated('affected', 'integer', 'How many records; in a dry run, how many it would have been', nullable),
    generated('ids', 'json', 'The first 100 of their ids; of a rule: {from, to}', nullable),
    generated('ids_digest', 'name', 'SHA-256 of all ids, ascending, joined by commas', nullable),
    generated('outcome', 'enum', 'How it ended', { values: auditOutcomes }),
    generated('reason', 'name', 'Why it was denied or failed', nullable),
    generated('repeated', 'integer', 'How often the same was denied within the minute'),
  ],
  newestBy: 'time',
  nameField: 'token_key',
  scope: 'token',
  permission: 'audit_log',
  words: [
    valueWord('is_success', 'outcome', 'success'),
    {
      name: 'is_failure',
      summary: 'outcome is denied or failed',
      predicate: { type: 'any', column: 'outcome', values: ['denied', 'failed'], isLiteral: true },
    },
    valueWord('is_denied', 'outcome', 'denied'),
    {
      name: 'is_dry_run',
      summary: 'It only asked what it would do',
      predicate: { type: 'json_contains', column: 'dry_run', json: 'true' },
    },
  ],
  recorded: 'keep',
})
