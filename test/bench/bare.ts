import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { Pool } from 'pg'

/**
 * The bare limit of Node with PostgreSQL: node:http, pg's pool and one prepared statement. No credential, no permission,
 * no check of what is asked, and the rows are made JSON in the database. Run as a process of its own with DATABASE_URL;
 * prints where it listens.
 */

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 })

const statement = {
  name: 'rows',
  text: `select coalesce(json_agg(r), '[]')::text as rows from (
    select id, js_worker_id, js_worker_name, run_type,
      (date_part('epoch', start_time) * 1000)::bigint as start_time,
      (date_part('epoch', finish_time) * 1000)::bigint as finish_time, param, result, error_message
    from js_result where js_worker_name = $1 order by js_result.start_time desc nulls last, id desc limit $2) r`,
}

interface Asked {
  readonly id: number
  readonly params: {
    readonly query: { readonly condition: readonly [{ js_worker_name: string }, { limit: number }] }
  }
}

const server = createServer(async (request, response) => {
  const { id, params } = (await json(request)) as Asked
  const [{ js_worker_name }, { limit }] = params.query.condition
  const { rows } = await pool.query<{ rows: string }>({ ...statement, values: [js_worker_name, limit] })
  const body = `{"jsonrpc":"2.0","id":${id},"result":${rows[0]?.rows}}`
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') {
    console.log(`the bare server listens on http://127.0.0.1:${address.port}`)
  }
})
