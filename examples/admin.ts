/**
 * An admin script: gives each team a token for its own workers and sets how long records are kept. It can run again at any
 * time: what is there already stays, except that limits and rules are brought up to date.
 *
 *   DAYBOOK_TOKEN=$(cat .daybook/super-token) npx node examples/admin.ts
 */
import { createClient, type Limit } from 'daybook/client'

const daybook = createClient({
  url: process.env.DAYBOOK_URL ?? 'http://127.0.0.1:7411',
  token: process.env.DAYBOOK_TOKEN,
})

const teams = ['billing', 'search']
const dayMs = 24 * 60 * 60 * 1000

/** A team reads and writes the runs of the workers whose names begin with its own, and reads nothing else. */
function limitsOf(team: string): readonly Limit[] {
  return [
    {
      scopes: [{ js_worker: `${team}_*` }],
      permissions: [{ js_result: { read: '*' } }, { js_result: { write: '*' } }],
    },
  ]
}

const tokens = await daybook.tokens.list()
for (const team of teams) {
  const known = tokens.find(({ username }) => username === team)
  if (known !== undefined) {
    await daybook.tokens.edit(known.token_key, limitsOf(team))
    console.log(`${team}: limits are up to date`)
    continue
  }
  const password = crypto.randomUUID()
  await daybook.tokens.create({ username: team, password, token_limit: limitsOf(team) })
  // Hand it over and forget it: Daybook keeps no password that could be shown again.
  console.log(`${team}: new credential ${team}|${password}`)
}

const wanted = [
  { resource: 'js-result', query: { condition: ['is_success'] }, older_than_ms: 30 * dayMs },
  { resource: 'js-result', query: { condition: [] }, older_than_ms: 180 * dayMs },
] as const
const { rules } = await daybook.call('retention_list', {})
for (const rule of wanted) {
  const same = rules.find(
    ({ resource, query }) =>
      resource === rule.resource && JSON.stringify(query) === JSON.stringify(rule.query),
  )
  if (same?.older_than_ms === rule.older_than_ms) continue
  if (same !== undefined) await daybook.call('retention_delete', { id: same.id })
  await daybook.call('retention_set', rule)
}
const { rules: kept } = await daybook.call('retention_list', {})
for (const { resource, query, older_than_ms } of kept) {
  console.log(`${resource} ${JSON.stringify(query.condition)}: kept for ${older_than_ms / dayMs} days`)
}
