-- Event handlers and script workers, and what their runs need beside the wire rows.

-- Servers that run work. One whose lease has ended is dead: its runs are tried again elsewhere.
create table server_lease (
  id           text collate "C" primary key,
  started_time timestamptz(3) not null,
  lease_until  timestamptz(3) not null
);

create table event_handler (
  id             bigint generated always as identity primary key,
  full_name      text collate "C" not null unique,
  -- Patterns.
  sender         text collate "C" not null,
  event_type     text collate "C" not null,
  target_kind    text collate "C" not null check (target_kind in ('local', 'js_worker', 'webhook', 'remote')),
  -- Without its kind and its secrets: {"name": ...} or {"url": ...}.
  target         jsonb not null,
  -- The sealed JSON array of a webhook's secrets, the newest first.
  secrets        text,
  retry_limit    integer not null,
  retry_delay_ms integer not null,
  retry_backoff  boolean not null,
  timeout_ms     integer not null,
  concurrency    integer,
  schedule_cron  text,
  schedule_tz    text,
  next_fire_time timestamptz(3),
  enabled        boolean not null,
  description    text,
  -- Who made it: what its scheduled runs may do.
  owner          jsonb not null,
  created_time   timestamptz(3) not null,
  updated_time   timestamptz(3) not null
);

create index event_handler_next_fire_time on event_handler (next_fire_time) where next_fire_time is not null;

create table js_worker (
  id                 bigint generated always as identity primary key,
  name               text collate "C" not null unique,
  source             text not null,
  route_name         text collate "C" unique,
  -- Values under a key `secrets` are sealed.
  env                jsonb,
  runtime_clean_time integer,
  max_run_time       integer,
  max_stack_size     integer,
  max_heap_size      integer,
  -- The hosts that its scripts may fetch from; null: none.
  fetch_hosts        jsonb,
  schedule_cron      text,
  schedule_tz        text,
  next_fire_time     timestamptz(3),
  -- Who made it: its scripts may do no more.
  owner              jsonb not null,
  created_time       timestamptz(3) not null,
  updated_time       timestamptz(3) not null
);

create index js_worker_next_fire_time on js_worker (next_fire_time) where next_fire_time is not null;

-- Definitions that servers keep in memory. They compare the version, so that a missed notification costs nothing.
create table definition_version (
  only_row boolean primary key default true check (only_row),
  version  bigint not null
);
insert into definition_version (version) values (1);

create function definition_changed() returns trigger language plpgsql as $$
begin
  update definition_version set version = version + 1;
  return null;
end
$$;

-- Not for a new next_fire_time alone: every firing would empty every server's memory.
create trigger event_handler_changed
  after insert or delete or truncate or update of full_name, sender, event_type, target_kind, target, secrets, retry_limit,
    retry_delay_ms, retry_backoff, timeout_ms, concurrency, schedule_cron, schedule_tz, enabled, description, owner
  on event_handler for each statement execute function definition_changed();

create trigger js_worker_changed
  after insert or delete or truncate or update of name, source, route_name, env, runtime_clean_time, max_run_time,
    max_stack_size, max_heap_size, fetch_hosts, schedule_cron, schedule_tz, owner
  on js_worker for each statement execute function definition_changed();

-- What event_send answered under a key, so that the same request gets the same answer.
create table event_idempotency (
  token_key       text collate "C" not null,
  idempotency_key text collate "C" not null,
  digest          text not null,
  answer          text not null,
  created_time    timestamptz(3) not null,
  primary key (token_key, idempotency_key)
);

create index event_idempotency_created_time on event_idempotency (created_time);

alter table event_log
  -- The queue's job; null in records that clients append, which nobody here runs.
  add column job_id           uuid,
  -- The server that runs it.
  add column owner            text collate "C",
  -- Until when a remote worker holds it.
  add column lease_until      timestamptz(3),
  -- How many events of its chain lie before it.
  add column depth            integer not null default 0,
  -- Attempts that failed, of which the handler's retry limit allows so many.
  add column failures         integer not null default 0,
  add column cancel_requested boolean not null default false,
  -- Who sent the event: what its script may do.
  add column caller           jsonb;

create index event_log_owner on event_log (owner) where owner is not null and status = 'running';
create index event_log_lease_until on event_log (lease_until) where lease_until is not null and status = 'running';
create index event_log_of_handler on event_log (full_name, id)
  where job_id is not null and status in ('waiting', 'running');

alter table js_result
  -- The server whose sandbox runs it; null in records that clients append.
  add column owner text collate "C";

create index js_result_owner on js_result (owner)
  where owner is not null and result is null and error_message is null;
