import { Client } from 'pg'

/** What the seeded database holds; tests look for these names. */
export const seeded = {
  jsResults: 100_000,
  /** One worker of eight that no other name begins with. */
  worker: 'crawler',
  workers: [
    'crawler',
    'invoice_import',
    'invoice_export',
    'mailer',
    'nightly_report',
    'ocr',
    'search_index',
    'thumbnails',
  ],
  /** Its newest run failed with this error. */
  brokenWorker: 'ocr',
  brokenError: 'ENGINE_DOWN: the recognizer at ocr-7 does not answer',
  /** A run of a worker whose name, payload and error are Chinese, and one in Hebrew and Arabic. */
  chineseWorker: '报表生成',
  rightToLeftWorker: 'דוחות_تقارير',
  /** A run whose result is a JSON text of five megabytes. */
  largeWorker: 'large_payload',
  largeBytes: 5 * 1024 * 1024,
  /** The request id of a chain of ten thousand nodes; the only failed one is `chainFailure`. */
  chain: '01990000-0000-7000-8000-000000000001',
  chainNodes: 10_000,
  chainFailure: 'orders.charge',
} as const

/** Fills a migrated database with a day of records that ends now. Takes a few seconds. */
export async function seed(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    for (const statement of [jsResults, special, eventLogs, chain, serviceEvents, executionEvents]) {
      await client.query(statement)
    }
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

// Oldest first, so that ids rise with the times. Every 40th run failed; of the newest twenty some still run.
const jsResults = `
  insert into js_result (js_worker_id, js_worker_name, run_type, start_time, finish_time, param, result, error_message)
  select worker + 1, (array[${seeded.workers.map(text).join()}])[worker + 1], (array['cron', 'call', 'route'])[n % 3 + 1],
    started, case when is_running then null else started + make_interval(secs => 0.02 + (n * 7919 % 1000) / 400.0) end,
    jsonb_build_object('n', n, 'user', jsonb_build_object('id', n % 500, 'name', 'user ' || n % 500)),
    case when not is_running and not is_failed then jsonb_build_object('ok', true, 'rows', n % 97) end,
    case when is_failed then 'TIMEOUT: no answer after ' || n % 10 || ' s' || chr(10) || '    at fetchPage (main.js:' || n % 90 || ')' end
  from (
    select n, (n % 11) * (n % 7) % 8 as worker, now() - make_interval(secs => (${seeded.jsResults} - n) * 0.86) as started,
      n > ${seeded.jsResults} - 20 and n % 2 = 0 as is_running, n % 40 = 7 as is_failed
    from generate_series(1, ${seeded.jsResults}) n
  ) runs`

const special = `
  insert into js_result (js_worker_name, run_type, start_time, finish_time, param, result, error_message) values
  (${text(seeded.brokenWorker)}, 'call', now() - interval '2 s', now() - interval '1 s', '{"page": 7}', null,
    ${text(`${seeded.brokenError}\n    at recognize (ocr.js:12)`)}),
  (${text(seeded.chineseWorker)}, 'call', now() - interval '9 s', now() - interval '8 s', '{"标题": "季度报表", "备注": "第一季度的数据"}', null,
    '错误：数据库连接超时'),
  (${text(seeded.rightToLeftWorker)}, 'call', now() - interval '8 s', now() - interval '7 s',
    '{"כותרת": "דוח רבעוני", "عنوان": "تقرير ربع سنوي"}', null, 'שגיאה: אין תשובה מהשרת'),
  (${text(seeded.largeWorker)}, 'call', now() - interval '7 s', now() - interval '6 s', '{"size": "large"}',
    (select jsonb_build_object('items', jsonb_agg(jsonb_build_object('n', n, 'text', repeat('payload ', 12))))
     from generate_series(1, ${Math.floor(seeded.largeBytes / 125)}) n), null)`

const eventLogs = `
  insert into event_log (full_name, event_type, sender, run_type, status, request_id, node_id, attempt, created_time,
    start_time, finish_time, param, result, error_message)
  select (array['billing.charge', 'mail.send', 'search.refresh'])[n % 3 + 1], 'events.NormalType',
    (array['billing', 'mail', 'search'])[n % 3 + 1], 'send', case when n % 25 = 3 then 'fail' else 'success' end,
    'request-' || n, 'node-' || n, 1, created, created + interval '30 ms',
    created + interval '30 ms' + make_interval(secs => n % 40 / 20.0),
    jsonb_build_object('n', n), case when n % 25 <> 3 then '{"ok": true}'::jsonb end,
    case when n % 25 = 3 then 'REFUSED: the receiver answered 503' end
  from (select n, now() - make_interval(secs => (2000 - n) * 40) as created from generate_series(1, 2000) n) events`

// A tree: each node has up to eight children, and begins after its parent.
const chain = `
  insert into event_log (full_name, event_type, sender, run_type, status, request_id, node_id, parent_node_id, attempt,
    created_time, start_time, finish_time, param, result, error_message)
  select case when n = 4321 then ${text(seeded.chainFailure)} when n = 1 then 'orders.begin' else 'orders.step_' || n % 7 end,
    'events.NormalType', 'orders', case when n = 1 then 'send' else 'chain' end,
    case when n = 4321 then 'fail' else 'success' end, ${text(seeded.chain)}, 'chain-' || n,
    case when n > 1 then 'chain-' || (n + 6) / 8 end, 1, created, created, created + make_interval(secs => 0.05 + n % 9 / 10.0),
    jsonb_build_object('n', n), case when n <> 4321 then '{"ok": true}'::jsonb end,
    case when n = 4321 then 'DECLINED: the card was declined' end
  from (select n, now() - interval '1 hour' + make_interval(secs => n * 0.01) as created
    from generate_series(1, ${seeded.chainNodes}) n) nodes`

const serviceEvents = `
  insert into service_event (project_id, service_id, service_name, event_type, event_info, occur_time)
  select 'project-1', 'service-' || n % 5, 'predictor ' || n % 5, case when n % 9 = 0 then 'abnormal' else 'normal' end,
    'revision ' || n || ' is ready', now() - make_interval(secs => (500 - n) * 60)
  from generate_series(1, 500) n`

const executionEvents = `
  insert into execution_event (execution_id, name, namespace, reason, message, type, first_timestamp, last_timestamp, count, merge_key)
  select 'execution-' || n % 20, 'align-' || n % 20, 'genomics', case when n % 8 = 0 then 'BackOff' else 'Started' end,
    'container ' || n, case when n % 8 = 0 then 'Warning' else 'Normal' end, now() - make_interval(secs => (500 - n) * 70),
    now() - make_interval(secs => (500 - n) * 60), 1, decode(md5(n::text), 'hex')
  from generate_series(1, 500) n`
