-- What waits to be run, and what is under way: a job for each row of event_log that is open.
create table event_job (
  id           uuid primary key,
  queue        text collate "C" not null,
  event_log_id bigint not null,
  -- The handler: how many of its jobs are under way may be limited.
  full_name    text collate "C" not null,
  -- Not to be taken before; those that may are taken in this order.
  start_after  timestamptz not null,
  is_taken     boolean not null default false
);

create index event_job_waiting on event_job (queue, start_after, id) where not is_taken;
create index event_job_taken on event_job (queue, full_name) where is_taken;
