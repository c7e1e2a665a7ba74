-- A run that waits is its own job: its row says from when on it may be taken. What waits and what is under way is found by
-- one narrow index, which rows that have ended are not in.

alter table event_log
  -- Not to be taken before; those that may are taken in this order. Null in records that clients append.
  add column due_time timestamptz;

-- Nobody else learns of this: no state changes.
alter table event_log disable trigger user;
update event_log e set due_time = coalesce(
  (select j.start_after from event_job j where j.id = e.job_id), e.defer_time, e.created_time)
where e.job_id is not null and e.status in ('waiting', 'running');
alter table event_log enable trigger user;

drop table event_job;
drop index event_log_owner, event_log_lease_until, event_log_of_handler;

create or replace function queue_items_added() returns trigger language plpgsql set enable_nestloop = off as $$
begin
  insert into pending_change_event (diagnostic_id, event_type, folder_name, full_folder_path, body)
  select trace_of(guid_of(tenant.key, 'request', n.request_id)), 'queueitem.added', n.full_name,
    'event/' || n.full_name, queue_item_body(tenant.key, n, 'New', null, null, null, handler)
  from written n cross join tenant left join event_handler handler on handler.full_name = n.full_name
  where n.due_time is not null
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
  where n.due_time is not null and n.status <> o.status
  order by n.id;
  perform pg_notify('daybook_change', '');
  return null;
end
$$;

alter table event_log drop column job_id;

create index event_log_open on event_log (status, full_name, due_time, id)
  where due_time is not null and status in ('waiting', 'running');
