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

-- The triggers that name it are made anew by the next migration.
alter table event_log drop column job_id;

create index event_log_open on event_log (status, full_name, due_time, id)
  where due_time is not null and status in ('waiting', 'running');
