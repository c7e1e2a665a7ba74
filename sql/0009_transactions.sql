-- What change events tell of an event that is handled: when it may begin, how long the attempt before took, and which
-- script runs belong to it.

alter table event_log
  -- Not to be begun before.
  add column defer_time timestamptz(3),
  -- How long the last attempt took that failed and was not the last, in milliseconds.
  add column failed_ms  bigint;

alter table js_result
  -- The chain of events that the run belongs to; null in records that clients append.
  add column request_id text collate "C";

-- One trace for the items of a request and the scripts that handle them.
create function job_trace(tenant uuid, job js_result) returns text language sql volatile as $$
  select trace_of(case when job.request_id is null then guid_of(tenant, 'js-result', job.id::text)
    else guid_of(tenant, 'request', job.request_id) end)
$$;

create or replace function jobs_created() returns trigger language plpgsql set enable_nestloop = off as $$
begin
  if not exists (select from written where owner is not null) then
    return null;
  end if;
  insert into pending_change_event (diagnostic_id, event_type, folder_name, full_folder_path, body)
  select job_trace(tenant.key, n), moment.event_type, n.js_worker_name,
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

create or replace function js_results_changed() returns trigger language plpgsql set enable_nestloop = off as $$
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
  select job_trace(tenant.key, n), moment.event_type, n.js_worker_name,
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

-- `begun`, `ended`: of the attempt that the event tells of. `error`: what it failed with.
create function queue_item_body(
  tenant uuid, run event_log, status text, begun timestamptz, ended timestamptz, error text, handler event_handler
) returns json language sql stable as $$
  select json_build_object(
    'QueueItem', json_build_object(
      'Key', guid_of(tenant, 'event-log', run.id::text),
      'QueueDefinitionId', coalesce(handler.id, 0),
      'Status', status,
      'ReviewStatus', 'None',
      'DueDate', null,
      'Priority', 'Normal',
      'CreationTime', iso_time(run.created_time),
      'StartProcessing', iso_time(begun),
      'EndProcessing', iso_time(ended),
      'DefferDate', iso_time(run.defer_time),
      'SecondsInPreviousAttempt', coalesce(round(run.failed_ms / 1000.0, 3), 0),
      -- How often it was processed: one that waits has its next attempt before it.
      'RetryNumber', run.attempt - case when run.start_time is null then 1 else 0 end,
      'Progress', '',
      'ProcessExceptionReason', split_part(error, ':', 1),
      'ProcessExceptionDetails', error,
      'ProcessExceptionType', case when error is not null then 'ApplicationException' end),
    'Queue', json_build_object(
      'Key', guid_of(tenant, 'event-handler', run.full_name),
      'Name', run.full_name,
      'Description', coalesce(handler.description, ''),
      'MaxNumberOfRetries', coalesce(handler.retry_limit, 0),
      'EnforceUniqueReference', false,
      'SlaInMinutes', 0,
      'RiskSlaInMinutes', 0))
$$;

create or replace function queue_items_added() returns trigger language plpgsql set enable_nestloop = off as $$
begin
  insert into pending_change_event (diagnostic_id, event_type, folder_name, full_folder_path, body)
  select trace_of(guid_of(tenant.key, 'request', n.request_id)), 'queueitem.added', n.full_name,
    'event/' || n.full_name, queue_item_body(tenant.key, n, 'New', null, null, null, handler)
  from written n cross join tenant left join event_handler handler on handler.full_name = n.full_name
  where n.job_id is not null
  order by n.id;
  return null;
end
$$;

create or replace function event_logs_changed() returns trigger language plpgsql set enable_nestloop = off as $$
begin
  insert into pending_record_change (resource, record_ids)
  select 'event-log', array_agg(n.id order by n.id) from written n join replaced o on o.id = n.id
  where (n.status, n.attempt) is distinct from (o.status, o.attempt)
    or n.start_time is distinct from o.start_time or n.error_message is distinct from o.error_message
  having count(*) > 0;
  if not found then
    return null;
  end if;
  -- A row that waits again has neither time of the attempt that it lost; what failed says how long it took.
  insert into pending_change_event (diagnostic_id, event_type, folder_name, full_folder_path, body)
  select trace_of(guid_of(tenant.key, 'request', n.request_id)), moment.event_type, n.full_name,
    'event/' || n.full_name, queue_item_body(tenant.key, n, moment.status,
      case when moment.place in (5, 6) then o.start_time else n.start_time end,
      case when moment.place = 5 then o.start_time + n.failed_ms * interval '1 millisecond' else n.finish_time end,
      case when moment.place in (3, 4, 5) then n.error_message end,
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

drop function queue_item_body(uuid, event_log, text, numeric, event_handler);
