-- Service, execution and change events; the stream: what changed, numbered after it was committed.

create table service_event (
  id           bigint generated always as identity primary key,
  project_id   text collate "C" not null,
  service_id   text collate "C" not null,
  service_name text collate "C" not null,
  event_type   text collate "C" not null check (event_type in ('normal', 'abnormal')),
  event_info   text not null,
  occur_time   timestamptz(3) not null
);
create index service_event_newest on service_event (occur_time desc, id desc);
create index service_event_service_id on service_event (service_id, occur_time desc, id desc);
create index service_event_project_id on service_event (project_id, occur_time desc, id desc);
create index service_event_service_name on service_event (service_name, occur_time desc, id desc);
create index service_event_abnormal on service_event (service_id, occur_time desc, id desc)
  where event_type = 'abnormal';
create index service_event_event_type on service_event (event_type, occur_time desc, id desc);

create table execution_event (
  id              bigint generated always as identity primary key,
  execution_id    text collate "C" not null,
  name            text collate "C" not null,
  namespace       text collate "C" not null,
  reason          text not null,
  message         text not null,
  type            text collate "C" not null check (type in ('Normal', 'Warning')),
  elem_type       text collate "C",
  elem_id         text collate "C",
  action_name     text collate "C",
  first_timestamp timestamptz(3) not null,
  last_timestamp  timestamptz(3) not null,
  count           bigint not null,
  -- Of all members but the times and the count: the same event once more raises these instead of adding a row.
  merge_key       bytea not null
);
create unique index execution_event_merge_key on execution_event (merge_key);
create index execution_event_newest on execution_event (last_timestamp desc, id desc);
create index execution_event_execution_id on execution_event (execution_id, last_timestamp desc, id desc);
create index execution_event_name on execution_event (name, last_timestamp desc, id desc);
create index execution_event_namespace on execution_event (namespace, last_timestamp desc, id desc);
create index execution_event_type on execution_event (type, last_timestamp desc, id desc);
create index execution_event_elem_type on execution_event (elem_type, last_timestamp desc, id desc);
create index execution_event_elem_id on execution_event (elem_id, last_timestamp desc, id desc);
create index execution_event_action_name on execution_event (action_name, last_timestamp desc, id desc);
create index execution_event_first_timestamp on execution_event (first_timestamp);
create index execution_event_count on execution_event (count, last_timestamp desc, id desc) where count > 1;

create table change_event (
  sequence_number  bigint primary key,
  -- How many bytes of bodies lie before it.
  "offset"         text collate "C" not null,
  enqueued_time    timestamptz(3) not null,
  diagnostic_id    text collate "C" not null,
  event_type       text collate "C" not null,
  schema_version   text collate "C" not null,
  timestamp        timestamptz(3) not null,
  tenant_key       text collate "C" not null,
  tenant_name      text collate "C" not null,
  folder_name      text collate "C" not null,
  full_folder_path text collate "C" not null,
  folder_key       text collate "C" not null,
  -- Not jsonb: nobody asks for what is in it, and its members keep their order.
  body             json not null
);
create index change_event_newest on change_event (enqueued_time desc, sequence_number desc);
create index change_event_full_folder_path
  on change_event (full_folder_path, enqueued_time desc, sequence_number desc);
create index change_event_event_type on change_event (event_type, enqueued_time desc, sequence_number desc);
create index change_event_diagnostic_id on change_event (diagnostic_id);

-- Whose events ours are (the envelope's TenantKey and TenantName).
create table tenant (
  only_row boolean primary key default true check (only_row),
  key      uuid not null default gen_random_uuid(),
  name     text not null
);
insert into tenant (name) values ('Daybook');

-- Servers and remote workers that report themselves.
create table machine (
  id              bigint generated always as identity primary key,
  key             uuid not null default gen_random_uuid(),
  name            text collate "C" not null unique,
  kind            text collate "C" not null check (kind in ('server', 'remote')),
  host_name       text not null,
  -- The seed's MachineStatus.
  status          text not null check (status in ('Available', 'Disconnected')),
  is_unresponsive boolean not null default false,
  reporting_time  timestamptz(3) not null,
  created_time    timestamptz(3) not null
);

alter table server_lease
  -- The machine that it is.
  add column machine text collate "C";

-- Written in the transaction that made the change; the sequencer numbers what is committed and moves it on.
create table pending_record_change (
  id         bigint generated always as identity primary key,
  resource   text collate "C" not null,
  record_ids bigint[] not null
);
create table pending_change_event (
  id               bigint generated always as identity primary key,
  diagnostic_id    text not null,
  event_type       text not null,
  schema_version   text not null default '0.0.1',
  timestamp        timestamptz(3) not null default now(),
  -- Null: this database's tenant.
  tenant_key       text,
  tenant_name      text,
  folder_name      text not null,
  full_folder_path text not null,
  -- Null: made from the path.
  folder_key       text,
  body             json not null
);

-- Changes of records, by resource: those of one row bear the numbers that end with last_number.
create table record_change (
  resource      text collate "C" not null,
  last_number   bigint not null,
  record_ids    bigint[] not null,
  numbered_time timestamptz(3) not null,
  primary key (resource, last_number)
);

-- The last number that was given out, by resource.
create table stream_position (
  resource    text collate "C" primary key,
  last_number bigint not null,
  -- Of change events: bytes of bodies so far, and the last enqueued_time, which never goes back.
  last_offset bigint not null default 0,
  last_time   timestamptz(3) not null default '1970-01-01Z'
);
insert into stream_position (resource, last_number) values ('change-event', 0);

-- Numbers what is committed, densely and in the order in which it was written, at most `most` rows of each kind.
-- Returns how many rows it moved, or -1 when another session is numbering. In one call, so that no server that falls
-- silent can hold the lock; each statement in it has a snapshot of its own, taken after the lock.
create function number_changes(most integer) returns integer language plpgsql volatile as $$
declare
  events  integer;
  records integer;
begin
  if not pg_try_advisory_xact_lock(7411000004) then
    return -1;
  end if;

  with taken as (
    delete from pending_change_event
    where id = any(array(select id from pending_change_event order by id limit most))
    returning *
  ), sized as (
    select *, row_number() over placed as place, sum(octet_length(body::text)) over placed as bytes from taken
    window placed as (order by id)
  ), moved as (
    update stream_position set
      last_number = last_number + (select count(*) from sized),
      last_offset = last_offset + (select coalesce(max(bytes), 0) from sized),
      last_time = greatest(last_time, clock_timestamp())
    where resource = 'change-event' and exists (select from sized)
    returning last_number - (select count(*) from sized) as base,
      last_offset - (select coalesce(max(bytes), 0) from sized) as start, last_time
  )
  insert into change_event
  select moved.base + place, (moved.start + bytes - octet_length(body::text))::text, moved.last_time, diagnostic_id,
    event_type, schema_version, timestamp, coalesce(tenant_key, tenant.key::text), coalesce(tenant_name, tenant.name),
    folder_name, full_folder_path, coalesce(folder_key, md5(tenant.key || '/' || full_folder_path)::uuid::text), body
  from sized, moved, tenant;
  get diagnostics events = row_count;

  with taken as (
    delete from pending_record_change
    where id = any(array(select id from pending_record_change order by id limit most))
    returning *
  ), counted as (
    select *, sum(cardinality(record_ids)) over (partition by resource order by id) as upto from taken
  ), moved as (
    insert into stream_position as p (resource, last_number)
    select resource, max(upto) from counted group by resource
    on conflict (resource) do update set last_number = p.last_number + excluded.last_number
    returning resource, last_number
  ), totals as (
    select resource, max(upto) as total from counted group by resource
  )
  insert into record_change (resource, last_number, record_ids, numbered_time)
  select resource, moved.last_number - total + upto, record_ids, now()
  from counted join moved using (resource) join totals using (resource);
  get diagnostics records = row_count;

  if events + records > 0 then
    perform pg_notify('daybook_numbered', '');
  end if;
  return events + records;
end
$$;

-- The triggers work on all rows of a statement at once, and with hash joins: a plan that was made for one row would
-- compare every row with every other. Rows whose wire members stay as they were (a new lease, a new owner) are no change.

-- The argument is the resource's name.
create function records_written() returns trigger language plpgsql as $$
begin
  insert into pending_record_change (resource, record_ids)
  select tg_argv[0], array_agg(id order by id) from written having count(*) > 0;
  if found then
    perform pg_notify('daybook_change', '');
  end if;
  return null;
end
$$;
create trigger js_result_written after insert on js_result
  referencing new table as written for each statement execute function records_written('js-result');
create trigger event_log_written after insert on event_log
  referencing new table as written for each statement execute function records_written('event-log');
create trigger service_event_written after insert on service_event
  referencing new table as written for each statement execute function records_written('service-event');
create trigger service_event_changed after update on service_event
  referencing new table as written for each statement execute function records_written('service-event');
create trigger execution_event_written after insert on execution_event
  referencing new table as written for each statement execute function records_written('execution-event');
create trigger execution_event_changed after update on execution_event
  referencing new table as written for each statement execute function records_written('execution-event');

-- What happens here as change events (the README's table): the bodies are the seed's, times in ISO 8601. Each function
-- is one expression, so that PostgreSQL puts it where it is called.
create function iso_time(moment timestamptz) returns text language sql stable as $$
  select to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
-- An identifier of ours as a Guid.
create function guid_of(tenant uuid, kind text, name text) returns uuid language sql immutable as $$
  select md5(tenant::text || '/' || kind || '/' || name)::uuid
$$;
-- A W3C traceparent: what belongs together has one trace.
create function trace_of(trace uuid) returns text language sql volatile as $$
  select '00-' || replace(trace::text, '-', '') || '-' || substr(md5(random()::text), 1, 16) || '-00'
$$;

create function job_body(tenant uuid, job js_result, state text, machine text) returns json language sql stable as $$
  select json_build_object('Job', json_build_object(
    'Key', guid_of(tenant, 'js-result', job.id::text),
    'CreationTime', iso_time(job.start_time),
    'State', state,
    'StartTime', case when state <> 'Pending' then iso_time(job.start_time) end,
    'EndTime', iso_time(job.finish_time),
    'ProcessName', job.js_worker_name,
    'DisplayName', job.js_worker_name,
    'RobotName', 'Daybook',
    'HostMachineName', coalesce(machine, '')))
$$;
-- Only what runs here: records that clients append are theirs to tell of.
create function jobs_created() returns trigger language plpgsql set enable_nestloop = off as $$
begin
  if not exists (select from written where owner is not null) then
    return null;
  end if;
  insert into pending_change_event (diagnostic_id, event_type, folder_name, full_folder_path, body)
  select trace_of(guid_of(tenant.key, 'js-result', n.id::text)), moment.event_type, n.js_worker_name,
    'js-worker/' || n.js_worker_name, job_body(tenant.key, n, moment.state, lease.machine)
  from written n
  cross join tenant
  cross join (values (1, 'job.created', 'Pending'), (2, 'job.started', 'Running')) as moment (place, event_type, state)
  left join server_lease lease on lease.id = n.owner
  where n.owner is not null
  order by n.id, moment.place;
  return null;
end
$$;
create trigger js_result_created after insert on js_result
  referencing new table as written for each statement execute function jobs_created();

create function js_results_changed() returns trigger language plpgsql set enable_nestloop = off as $$
begin
  insert into pending_record_change (resource, record_ids)
  select 'js-result', array_agg(n.id order by n.id) from written n join replaced o on o.id = n.id
  where n.result is distinct from o.result or n.error_message is distinct from o.error_message
    or n.finish_time is distinct from o.finish_time
  having count(*) > 0;
  if not found then
    return null;
  end if;
  insert into pending_change_event (diagnostic_id, event_type, folder_name, full_folder_path, body)
  select trace_of(guid_of(tenant.key, 'js-result', n.id::text)), moment.event_type, n.js_worker_name,
    'js-worker/' || n.js_worker_name, job_body(tenant.key, n, moment.state, lease.machine)
  from written n
  join replaced o on o.id = n.id
  cross join tenant
  join (values
    (1, 'job.completed', 'Successful'), (2, 'job.stopped', 'Stopped'), (3, 'job.faulted', 'Faulted')
  ) as moment (place, event_type, state) on moment.place = case
    when n.error_message is null then 1 when n.error_message like 'script_cancelled:%' then 2 else 3 end
  left join server_lease lease on lease.id = n.owner
  where n.owner is not null and o.result is null and o.error_message is null
    and (n.result is not null or n.error_message is not null)
  order by n.id;
  perform pg_notify('daybook_change', '');
  return null;
end
$$;
create trigger js_result_changed after update on js_result
  referencing new table as written old table as replaced for each statement execute function js_results_changed();

-- `seconds`: how long the attempt took that has just failed.
create function queue_item_body(tenant uuid, run event_log, status text, seconds numeric, handler event_handler)
returns json language sql stable as $$
  select json_build_object(
    'QueueItem', json_build_object(
      'Key', guid_of(tenant, 'event-log', run.id::text),
      'QueueDefinitionId', coalesce(handler.id, 0),
      'Status', status,
      'ReviewStatus', 'None',
      'DueDate', null,
      'Priority', 'Normal',
      'CreationTime', iso_time(run.created_time),
      'StartProcessing', iso_time(run.start_time),
      'EndProcessing', iso_time(run.finish_time),
      'DefferDate', null,
      'SecondsInPreviousAttempt', seconds,
      'RetryNumber', run.attempt - 1,
      'Progress', '',
      'ProcessExceptionReason', split_part(run.error_message, ':', 1),
      'ProcessExceptionDetails', run.error_message,
      'ProcessExceptionType', case when run.error_message is not null then 'ApplicationException' end),
    'Queue', json_build_object(
      'Key', guid_of(tenant, 'event-handler', run.full_name),
      'Name', run.full_name,
      'Description', coalesce(handler.description, ''),
      'MaxNumberOfRetries', coalesce(handler.retry_limit, 0),
      'EnforceUniqueReference', false,
      'SlaInMinutes', 0,
      'RiskSlaInMinutes', 0))
$$;
create function queue_items_added() returns trigger language plpgsql set enable_nestloop = off as $$
begin
  insert into pending_change_event (diagnostic_id, event_type, folder_name, full_folder_path, body)
  select trace_of(guid_of(tenant.key, 'request', n.request_id)), 'queueitem.added', n.full_name,
    'event/' || n.full_name, queue_item_body(tenant.key, n, 'New', 0, handler)
  from written n cross join tenant left join event_handler handler on handler.full_name = n.full_name
  where n.job_id is not null
  order by n.id;
  return null;
end
$$;
create trigger event_log_added after insert on event_log
  referencing new table as written for each statement execute function queue_items_added();

create function event_logs_changed() returns trigger language plpgsql set enable_nestloop = off as $$
begin
  insert into pending_record_change (resource, record_ids)
  select 'event-log', array_agg(n.id order by n.id) from written n join replaced o on o.id = n.id
  where (n.status, n.attempt) is distinct from (o.status, o.attempt)
    or n.start_time is distinct from o.start_time or n.error_message is distinct from o.error_message
  having count(*) > 0;
  if not found then
    return null;
  end if;
  insert into pending_change_event (diagnostic_id, event_type, folder_name, full_folder_path, body)
  select trace_of(guid_of(tenant.key, 'request', n.request_id)), moment.event_type, n.full_name,
    'event/' || n.full_name, queue_item_body(tenant.key, n, moment.status,
      case when moment.place = 5 then greatest(0, round(extract(epoch from now() - o.start_time), 3)) else 0 end,
      handler)
  from written n
  join replaced o on o.id = n.id
  cross join tenant
  join (values
    (1, 'queueItem.transactionStarted', 'InProgress'),
    (2, 'queueItem.transactionCompleted', 'Successful'),
    (3, 'queueItem.transactionFailed', 'Failed'),
    (4, 'queueItem.updated', 'Failed'),
    (5, 'queueItem.transactionRetried', 'Retried'),
    (6, 'queueItem.transactionAbandoned', 'Abandoned')
  ) as moment (place, event_type, status) on moment.place = case
    when n.status = 'running' then 1
    when n.status = 'success' then 2
    when n.status = 'fail' then case when o.status = 'running' then 3 else 4 end
    when n.failures > o.failures then 5
    else 6 end
  left join event_handler handler on handler.full_name = n.full_name
  where n.job_id is not null and n.status <> o.status
  order by n.id;
  perform pg_notify('daybook_change', '');
  return null;
end
$$;
create trigger event_log_changed after update on event_log
  referencing new table as written old table as replaced for each statement execute function event_logs_changed();

create function machine_event(type text, body json, of_machine machine) returns void language sql as $$
  insert into pending_change_event (diagnostic_id, event_type, folder_name, full_folder_path, body)
  values (trace_of(of_machine.key), type, of_machine.name, 'machine/' || of_machine.name, body)
$$;
create function machine_body(of_machine machine) returns json language sql stable as $$
  select json_build_object('Machine', json_build_object(
    'MachineId', of_machine.id, 'MachineName', of_machine.name, 'MachineKey', of_machine.key, 'NonProductionSlots', 0,
    'HeadlessSlots', 0, 'AutomationCloudSlots', 0, 'UnattendedSlots', 0))
$$;
create function machine_session_body(of_machine machine) returns json language sql stable as $$
  select json_build_object('MachineSession', json_build_object(
    'MachineKey', of_machine.key, 'MachineName', of_machine.name, 'MachineId', of_machine.id,
    'HostMachineName', of_machine.host_name, 'ServiceUsername', of_machine.kind, 'MachineStatus', of_machine.status,
    'ReportingTime', iso_time(of_machine.reporting_time), 'IsUnresponsive', of_machine.is_unresponsive))
$$;
create function machine_changed() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    perform machine_event('machine.deleted', machine_body(old), old);
  elsif tg_op = 'INSERT' then
    perform machine_event('machine.created', machine_body(new), new);
    perform machine_event('machineSession.status', machine_session_body(new), new);
  else
    if new.host_name <> old.host_name then
      perform machine_event('machine.updated', machine_body(new), new);
    end if;
    if new.status <> old.status or new.is_unresponsive <> old.is_unresponsive then
      perform machine_event('machineSession.status', machine_session_body(new), new);
    end if;
  end if;
  perform pg_notify('daybook_change', '');
  return null;
end
$$;
create trigger machine_changed after insert or update or delete on machine for each row
  execute function machine_changed();

-- Where changes are sent to.
create table sink (
  id                bigint generated always as identity primary key,
  name              text collate "C" not null unique,
  resource          text collate "C" not null,
  condition         jsonb not null,
  target_kind       text collate "C" not null check (target_kind in ('webhook', 'nats', 'file')),
  -- Without its kind and its secrets.
  target            jsonb not null,
  -- The sealed JSON of its secrets.
  secrets           text,
  -- `row` or `envelope`.
  format            text collate "C" not null,
  batch_size        integer not null,
  retry_limit       integer not null,
  state             text collate "C" not null check (state in ('running', 'paused', 'failed')),
  -- The last number that the target has confirmed, or that its conditions left out.
  cursor            bigint not null,
  failures          integer not null default 0,
  last_error        text,
  next_attempt_time timestamptz(3),
  delivered         bigint not null default 0,
  last_delivered    timestamptz(3),
  -- The server that works on it.
  owner             text collate "C",
  created_time      timestamptz(3) not null,
  updated_time      timestamptz(3) not null
);
-- Two sinks never write one file.
create unique index sink_file on sink (lower(target ->> 'name')) where target_kind = 'file';

-- What is deleted when it is old enough.
create table retention_rule (
  id            bigint generated always as identity primary key,
  resource      text collate "C" not null,
  condition     jsonb not null,
  older_than_ms bigint not null,
  -- Of the last run, and of all.
  last_run_time timestamptz(3),
  last_deleted  bigint,
  last_error    text,
  deleted       bigint not null default 0,
  -- A server is at work on it, and none begins with another before then.
  run_until     timestamptz(3),
  created_time  timestamptz(3) not null,
  updated_time  timestamptz(3) not null
);
-- A digest, because a condition may be longer than an index entry.
create unique index retention_rule_condition on retention_rule (resource, md5(condition::text));
