-- What a statement changes is one row that waits to be numbered, with what may be another when it is told: change events
-- get their bodies in bulk, from whoever numbers them.

-- A moment of a run of ours: `kind` is the event's type, the rest are the values at that moment.
create type run_moment as (
  kind         text,
  -- Of the event_log or js_result row.
  id           bigint,
  name         text,
  request_id   text,
  created_time timestamptz,
  -- Of the attempt that the event tells of; `seconds`: how long the one before took.
  start_time   timestamptz,
  finish_time  timestamptz,
  defer_time   timestamptz,
  seconds      numeric,
  retry_number bigint,
  error        text,
  -- The handler as it was.
  handler_id   bigint,
  description  text,
  retry_limit  integer,
  machine      text
);

alter table pending_change_event rename to pending_change;
alter table pending_change rename constraint pending_change_event_pkey to pending_change_pkey;
alter sequence pending_change_event_id_seq rename to pending_change_id_seq;
alter table pending_change
  -- One event of these, or records and moments.
  alter column diagnostic_id drop not null,
  alter column event_type drop not null,
  alter column folder_name drop not null,
  alter column full_folder_path drop not null,
  alter column body drop not null,
  -- Daybook's own, not published by a program.
  add column is_own boolean not null default true,
  add column resource text collate "C",
  add column record_ids bigint[],
  add column moments run_moment[];

insert into pending_change (resource, record_ids) select resource, record_ids from pending_record_change order by id;

alter table change_event
  -- Those leave after a while; what programs published stays.
  add column is_own boolean not null default false;

-- What is no index any more, a folder or a window of time and a filter serve as well. The others ascend: where each entry
-- is the first of all, every page is split in halves.
drop index change_event_event_type, change_event_diagnostic_id, change_event_newest, change_event_full_folder_path;
create index change_event_newest on change_event (enqueued_time, sequence_number);
create index change_event_full_folder_path on change_event (full_folder_path, enqueued_time, sequence_number);
create index change_event_failure on change_event (enqueued_time, sequence_number)
  where event_type in ('job.faulted', 'queueItem.transactionFailed');

alter table stream_position
  -- Of change events: through which they were looked at for what has to leave, and the last of those that have left: nobody
  -- can go on from a number before it.
  add column walked_number bigint not null default 0,
  add column gone_number bigint not null default 0;

drop trigger js_result_written on js_result;
drop trigger js_result_created on js_result;
drop trigger js_result_changed on js_result;
drop trigger event_log_written on event_log;
drop trigger event_log_added on event_log;
drop trigger event_log_changed on event_log;
drop function jobs_created, js_results_changed, queue_items_added, event_logs_changed;
drop function job_body(uuid, js_result, text, text), job_trace(uuid, js_result), queue_item_body(
  uuid, event_log, text, timestamptz, timestamptz, text, event_handler);
drop table pending_record_change;

-- The triggers work on all rows of a statement at once, and join them with hash joins: a plan that was made for one row
-- would compare every row with every other. Rows whose wire members stay as they were (a new lease, a new owner) are no
-- change, and only what runs here has moments: records that clients append are theirs to tell of.

create or replace function records_written() returns trigger language plpgsql as $$
begin
  insert into pending_change (resource, record_ids)
  select tg_argv[0], array_agg(id order by id) from written having count(*) > 0;
  if found then
    perform pg_notify('daybook_change', '');
  end if;
  return null;
end
$$;

create function js_results_added() returns trigger language plpgsql as $$
begin
  insert into pending_change (resource, record_ids, moments)
  select 'js-result', array_agg(id order by id), (
    select array_agg((m.kind, n.id, n.js_worker_name, n.request_id, n.start_time, n.start_time, n.finish_time, null, null,
      null, null, null, null, null, (select machine from server_lease where id = n.owner))::run_moment order by n.id, m.place)
    from written n cross join (values (1, 'job.created'), (2, 'job.started')) as m (place, kind)
    where n.owner is not null)
  from written having count(*) > 0;
  if found then
    perform pg_notify('daybook_change', '');
  end if;
  return null;
end
$$;
create trigger js_result_added after insert on js_result
  referencing new table as written for each statement execute function js_results_added();

create function js_results_changed() returns trigger language plpgsql set enable_nestloop = off as $$
begin
  insert into pending_change (resource, record_ids, moments)
  select 'js-result', array_agg(n.id order by n.id),
    array_agg((n.kind, n.id, n.js_worker_name, n.request_id, n.start_time, n.start_time, n.finish_time, null, null,
      null, null, null, null, null, (select machine from server_lease where id = n.owner))::run_moment order by n.id)
      filter (where n.kind is not null)
  from (
    select n.*, case
      when n.owner is null or o.result is not null or o.error_message is not null then null
      when n.error_message like 'script_cancelled:%' then 'job.stopped'
      when n.error_message is not null then 'job.faulted'
      when n.result is not null then 'job.completed' end as kind
    from written n join replaced o on o.id = n.id
    where n.result is distinct from o.result or n.error_message is distinct from o.error_message
      or n.finish_time is distinct from o.finish_time) as n
  having count(*) > 0;
  if found then
    perform pg_notify('daybook_change', '');
  end if;
  return null;
end
$$;
create trigger js_result_changed after update on js_result
  referencing new table as written old table as replaced for each statement execute function js_results_changed();

create function event_logs_added() returns trigger language plpgsql as $$
begin
  insert into pending_change (resource, record_ids, moments)
  select 'event-log', array_agg(n.id order by n.id),
    array_agg(('queueitem.added', n.id, n.full_name, n.request_id, n.created_time, null, null, n.defer_time, null,
      n.attempt - 1, null, (handler).id, (handler).description, (handler).retry_limit, null)::run_moment order by n.id)
      filter (where n.due_time is not null)
  from (
    select n.*, case when n.due_time is not null then
      (select h from event_handler h where h.full_name = n.full_name) end as handler
    from written n offset 0) as n
  having count(*) > 0;
  if found then
    perform pg_notify('daybook_change', '');
  end if;
  return null;
end
$$;
create trigger event_log_added after insert on event_log
  referencing new table as written for each statement execute function event_logs_added();

-- A row that waits again has neither time of the attempt that it lost; what failed says how long it took.
create function event_logs_changed() returns trigger language plpgsql set enable_nestloop = off as $$
begin
  insert into pending_change (resource, record_ids, moments)
  select 'event-log', array_agg(n.id order by n.id),
    array_agg((n.kind, n.id, n.full_name, n.request_id, n.created_time,
      case when n.kind in ('queueItem.transactionRetried', 'queueItem.transactionAbandoned') then n.begun
        else n.start_time end,
      case when n.kind = 'queueItem.transactionRetried' then n.begun + n.failed_ms * interval '1 millisecond'
        else n.finish_time end,
      n.defer_time, round(n.failed_ms / 1000.0, 3),
      -- How often it was processed: one that waits has its next attempt before it.
      n.attempt - case when n.start_time is null then 1 else 0 end,
      case when n.kind in ('queueItem.transactionFailed', 'queueItem.updated', 'queueItem.transactionRetried')
        then n.error_message end,
      (handler).id, (handler).description, (handler).retry_limit, null)::run_moment order by n.id)
      filter (where n.kind is not null)
  from (
    select n.*, o.start_time as begun,
      case when n.due_time is not null then
        (select h from event_handler h where h.full_name = n.full_name) end as handler,
      case when n.due_time is null or n.status = o.status then null
        when n.status = 'running' then 'queueItem.transactionStarted'
        when n.status = 'success' then 'queueItem.transactionCompleted'
        when n.status = 'fail' and o.status = 'running' then 'queueItem.transactionFailed'
        when n.status = 'fail' then 'queueItem.updated'
        when n.failures > o.failures then 'queueItem.transactionRetried'
        else 'queueItem.transactionAbandoned' end as kind
    from written n join replaced o on o.id = n.id
    where (n.status, n.attempt) is distinct from (o.status, o.attempt)
      or n.start_time is distinct from o.start_time or n.error_message is distinct from o.error_message
    offset 0) as n
  having count(*) > 0;
  if found then
    perform pg_notify('daybook_change', '');
  end if;
  return null;
end
$$;
create trigger event_log_changed after update on event_log
  referencing new table as written old table as replaced for each statement execute function event_logs_changed();

create or replace function machine_event(type text, body json, of_machine machine) returns void language sql as $$
  insert into pending_change (diagnostic_id, event_type, folder_name, full_folder_path, body)
  values (trace_of(of_machine.key), type, of_machine.name, 'machine/' || of_machine.name, body)
$$;

-- The seed's bodies, times in ISO 8601. Written out: built member by member they take more time and have spaces in them.
create function json_of(value text) returns text language sql immutable as $$
  select coalesce(to_json(value)::text, 'null')
$$;
create function job_body(
  tenant uuid, kind text, run bigint, name text, begun timestamptz, ended timestamptz, machine text
) returns json language sql stable as $$
  select concat('{"Job":{"Key":"', guid_of(tenant, 'js-result', run::text),
    '","CreationTime":', json_of(iso_time(begun)),
    ',"State":"', case kind when 'job.created' then 'Pending' when 'job.started' then 'Running'
      when 'job.completed' then 'Successful' when 'job.stopped' then 'Stopped' else 'Faulted' end,
    '","StartTime":', json_of(case when kind <> 'job.created' then iso_time(begun) end),
    ',"EndTime":', json_of(iso_time(ended)),
    ',"ProcessName":', to_json(name),
    ',"DisplayName":', to_json(name),
    ',"RobotName":"Daybook","HostMachineName":', to_json(coalesce(machine, '')), '}}')::json
$$;
create function queue_item_body(
  tenant uuid, kind text, run bigint, name text, created timestamptz, begun timestamptz, ended timestamptz,
  deferred timestamptz, seconds numeric, retry_number bigint, error text, handler bigint, description text,
  retry_limit integer
) returns json language sql stable as $$
  select concat('{"QueueItem":{"Key":"', guid_of(tenant, 'event-log', run::text),
    '","QueueDefinitionId":', coalesce(handler, 0),
    ',"Status":"', case kind when 'queueitem.added' then 'New' when 'queueItem.transactionStarted' then 'InProgress'
      when 'queueItem.transactionCompleted' then 'Successful' when 'queueItem.transactionRetried' then 'Retried'
      when 'queueItem.transactionAbandoned' then 'Abandoned' else 'Failed' end,
    '","ReviewStatus":"None","DueDate":null,"Priority":"Normal","CreationTime":', json_of(iso_time(created)),
    ',"StartProcessing":', json_of(iso_time(begun)),
    ',"EndProcessing":', json_of(iso_time(ended)),
    ',"DefferDate":', json_of(iso_time(deferred)),
    ',"SecondsInPreviousAttempt":', coalesce(seconds, 0),
    ',"RetryNumber":', retry_number,
    ',"Progress":"","ProcessExceptionReason":', json_of(split_part(error, ':', 1)),
    ',"ProcessExceptionDetails":', json_of(error),
    ',"ProcessExceptionType":', case when error is not null then '"ApplicationException"' else 'null' end,
    '},"Queue":{"Key":"', guid_of(tenant, 'event-handler', name),
    '","Name":', to_json(name),
    ',"Description":', to_json(coalesce(description, '')),
    ',"MaxNumberOfRetries":', coalesce(retry_limit, 0),
    ',"EnforceUniqueReference":false,"SlaInMinutes":0,"RiskSlaInMinutes":0}}')::json
$$;

-- Numbers what is committed, densely and in the order in which it was written, about `most` events; ten records that are
-- only numbered count as one. Returns about how many it moved, of which fewer than `most` leave none behind, or -1 when
-- another session is numbering. In one call, so that no server that falls silent can hold the lock; the statement after it
-- has a snapshot of its own.
create or replace function number_changes(most integer) returns integer language plpgsql volatile as $$
declare
  moved integer;
begin
  if not pg_try_advisory_xact_lock(7411000004) then
    return -1;
  end if;

  with first as (
    select id, 1 + coalesce(cardinality(moments), 0) + coalesce(cardinality(record_ids), 0) / 10 as weight
    from pending_change order by id limit most
  ), due as (
    select id, weight from (select id, weight, sum(weight) over (order by id) - weight as before from first) as f
    where before < most
  ), taken as (
    delete from pending_change where id = any(array(select id from due)) returning *
  ), told as (
    select id, 0 as place, is_own, diagnostic_id, event_type, schema_version, timestamp, tenant_key, tenant_name, folder_name,
      full_folder_path, folder_key, body
    from taken where event_type is not null
    union all
    select t.id, m.place, true,
      trace_of(case when m.request_id is not null then guid_of(tenant.key, 'request', m.request_id)
        else guid_of(tenant.key, 'js-result', m.id::text) end),
      m.kind, t.schema_version, t.timestamp, null, null, m.name,
      case when m.kind like 'job.%' then 'js-worker/' else 'event/' end || m.name, null,
      case when m.kind like 'job.%'
        then job_body(tenant.key, m.kind, m.id, m.name, m.start_time, m.finish_time, m.machine)
        else queue_item_body(tenant.key, m.kind, m.id, m.name, m.created_time, m.start_time, m.finish_time, m.defer_time,
          m.seconds, m.retry_number, m.error, m.handler_id, m.description, m.retry_limit) end
    from taken t cross join tenant cross join lateral unnest(t.moments) with ordinality
      as m (kind, id, name, request_id, created_time, start_time, finish_time, defer_time, seconds, retry_number, error,
        handler_id, description, retry_limit, machine, place)
  ), sized as (
    select *, row_number() over placed as number, sum(octet_length(body::text)) over placed as bytes from told
    window placed as (order by id, place)
  ), total as (
    select count(*) as events, max(bytes) as bytes from sized
  ), reached as (
    update stream_position set
      last_number = last_number + events,
      last_offset = last_offset + bytes,
      last_time = greatest(last_time, clock_timestamp())
    from total
    where resource = 'change-event' and events > 0
    returning last_number - events as number, last_offset - bytes as start, last_time as now
  ), events as (
    insert into change_event (sequence_number, "offset", enqueued_time, diagnostic_id, event_type, schema_version, timestamp,
      tenant_key, tenant_name, folder_name, full_folder_path, folder_key, body, is_own)
    select reached.number + sized.number, (start + bytes - octet_length(body::text))::text, reached.now, diagnostic_id,
      event_type, schema_version, timestamp, coalesce(tenant_key, tenant.key::text), coalesce(tenant_name, tenant.name),
      folder_name, full_folder_path, coalesce(folder_key, md5(tenant.key || '/' || full_folder_path)::uuid::text), body,
      is_own
    from sized, reached, tenant
    order by sized.number
  ), changed as (
    select resource, array_agg(r.id order by t.id, r.place) as record_ids
    from taken t cross join lateral unnest(t.record_ids) with ordinality as r (id, place) group by resource
  ), advanced as (
    insert into stream_position as p (resource, last_number) select resource, cardinality(record_ids) from changed
    on conflict (resource) do update set last_number = p.last_number + excluded.last_number
    returning resource, last_number
  ), records as (
    insert into record_change (resource, last_number, record_ids, numbered_time)
    select resource, last_number, record_ids, now() from changed join advanced using (resource)
  )
  select coalesce(sum(weight), 0) into moved from due;

  if moved > 0 then
    perform pg_notify('daybook_numbered', '');
  end if;
  return moved;
end
$$;
