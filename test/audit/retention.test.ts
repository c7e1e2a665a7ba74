import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { runNextRule } from '../../src/retention/run-rule.ts'
import { tellBeforeEnd } from '../../src/retention/told.ts'
import { appendAll, type Call, createCaller } from '../resource/caller.ts'
import { describeEngines } from '../support/databases.ts'

const day = 86_400_000

describeEngines('the audit trail of retention rules', open => {
  let database: Database
  let call: Call

  beforeAll(async () => {
    database = await open()
    call = createCaller(database, { now: Date.now })
  })

  async function sql(text: string, values: readonly unknown[] = []) {
    return (await database.run(rawStatement(text), values)).rows
  }

  const trail = () =>
    call<readonly Record<string, unknown>[]>('audit-log_query', {
      query: { condition: [{ method: 'retention' }] },
    })

  async function onlyRule(resource: string, condition: string, olderThan: number): Promise<string> {
    await sql('delete from retention_rule')
    const rows = await sql(
      `insert into retention_rule (resource, condition, older_than_ms, created_time, updated_time)
       values ($1, $2::text::jsonb, $3, now(), now()) returning id::text`,
      [resource, condition, olderThan],
    )
    return String(rows[0]?.[0])
  }

  async function applyRules(signal = new AbortController().signal): Promise<void> {
    const deps = {
      database,
      cache: createStatementCache(),
      maxConditions: 32,
      everyMs: 0,
      onDeleted: () => undefined,
      onError: (error: unknown) => {
        throw error
      },
    }
    await runNextRule(deps, signal)
  }

  const append = (count: number, name: string) =>
    appendAll(
      call,
      jsResult,
      Array.from({ length: count }, (_, n) => ({ js_worker_name: name, start_time: n, result: 1 })),
    )

  test('tells of a run what it deleted, in one entry', async () => {
    const first = Number((await append(1, 'old'))[0])
    await append(1200, 'old')
    const rule = await onlyRule('js-result', '[{"js_worker_name":"old"}]', day)
    await applyRules()
    expect(await trail()).toMatchObject([
      {
        token_key: 'server',
        resource: 'js-result',
        target: rule,
        condition: [{ js_worker_name: 'old' }, { older_than_ms: day }],
        dry_run: false,
        affected: 1201,
        ids: { from: first, to: first + 1200 },
        outcome: 'success',
      },
    ])
    // One that finds nothing leaves no trace.
    await applyRules()
    expect(await trail()).toHaveLength(1)
  })

  test('tells of what a killed server had deleted when the next one takes the rule over', async () => {
    const rule = await onlyRule('js-result', '[]', day)
    await sql(
      `update retention_rule set last_run_time = now() - interval '1 hour', run_until = now() - interval '1 minute',
         untold = 7, untold_from = 3, untold_to = 12`,
    )
    await applyRules()
    const [entry] = await trail()
    expect(entry).toMatchObject({
      target: rule,
      affected: 7,
      ids: { from: 3, to: 12 },
      outcome: 'failed',
      reason: 'server_lost',
    })
    const before = (await trail()).length
    await applyRules()
    expect(await trail()).toHaveLength(before)
  })

  test('tells what is untold of a rule that is deleted', async () => {
    const rule = await onlyRule('js-result', '[]', day)
    await sql('update retention_rule set untold = 5, untold_from = 1, untold_to = 5')
    await database.transaction(runner => tellBeforeEnd(runner, Number(rule)))
    expect((await trail())[0]).toMatchObject({ target: rule, affected: 5, outcome: 'success' })
  })

  test('is itself deleted by a rule, which is told in it', async () => {
    await call('js-result_delete', { query: { condition: [{ js_worker_name: 'nobody' }] } })
    await sql(`update audit_log set time = now() - interval '2 days'`)
    const [count] = (await sql('select count(*) from audit_log'))[0] ?? []
    const rule = await onlyRule('audit-log', '[]', day)
    await applyRules()
    const left = await call<readonly object[]>('audit-log_query', { query: { condition: [] } })
    expect(left).toMatchObject([
      { method: 'retention', resource: 'audit-log', target: rule, affected: Number(count) },
    ])
  })
})
