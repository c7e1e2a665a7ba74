import { createClient } from '../../src/client/client.ts'
import { readConfig } from '../../src/config.ts'
import { examples } from './examples.ts'
import { demoRuns } from './runs.ts'
import { openDemoServer } from './server.ts'
import { bold, exchangeLines } from './show.ts'

// The demo deletes only the newest records of demo_worker, and those are its own.
const server = await openDemoServer(readConfig({ env: process.env }))
try {
  const { url, token, isTemporary } = server
  const client = createClient({ url, ...(token !== undefined && { token }) })
  console.log(bold(`Daybook demo on ${url}${isTemporary ? ', a temporary server' : ''}`))

  const runs = demoRuns(Date.now())
  await client.append('js-result', runs)
  const names = [...new Set(runs.map(run => run.js_worker_name))]
  console.log(`Recorded ${runs.length} runs of ${names.join(', ')}.`)

  for (const [i, { title, method, condition }] of examples.entries()) {
    const params = { query: { condition } }
    const shown = { jsonrpc: '2.0', method, params: { token: 'demo_token', ...params }, id: i + 1 }
    console.log(exchangeLines(`${i + 1}. ${title}`, shown, await client.call(method, params)).join('\n'))
  }

  const left = await client.count('js-result', [{ js_worker_name_in: names }])
  console.log(`\n${left} runs of these workers are left${isTemporary ? '; they go with the server' : ''}.`)
} finally {
  await server.close()
}
