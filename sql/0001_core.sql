-- Records of what workers and events did, the tokens that guard them, and the server's own secrets.

create table js_result (
  id             bigint generated always as identity primary key,
  js_worker_id   bigint,
  js_worker_name text collate "C" not null,
  run_type       text collate "C" not null,
  start_time     timestamptz(3),
  finish_time    timestamptz(3),
  param          jsonb,
  result         jsonb,
  error_message  text
);

create index js_result_newest on js_result (start_time desc nulls last, id desc);
create index js_result_js_worker_name on js_result (js_worker_name, start_time desc nulls last, id desc);
create index js_result_js_worker_id on js_result (js_worker_id, start_time desc nulls last, id desc);
create index js_result_run_type on js_result (run_type, start_time desc nulls last, id desc);
create index js_result_running on js_result (js_worker_name, start_time desc nulls last, id desc)
  where result is null and error_message is null;
create index js_result_failure on js_result (js_worker_name, start_time desc nulls last, id desc)
  where error_message is not null;
create index js_result_running_newest on js_result (start_time desc nulls last, id desc)
  where result is null and error_message is null;
create index js_result_failure_newest on js_result (start_time desc nulls last, id desc)
  where error_message is not null;
create index js_result_finish_time on js_result (finish_time);
create index js_result_duration on js_result ((finish_time - start_time));
create index js_result_payload on js_result using gin (param jsonb_path_ops, result jsonb_path_ops);

create table event_log (
  id             bigint generated always as identity primary key,
  full_name      text collate "C" not null,
  event_type     text collate "C" not null,
  sender         text collate "C" not null,
  run_type       text collate "C" not null check (run_type in ('send', 'chain', 'cron', 'replay')),
  status         text collate "C" not null check (status in ('waiting', 'running', 'success', 'fail')),
  request_id     text collate "C" not null,
  node_id        text collate "C" not null,
  parent_node_id text collate "C",
  attempt        bigint not null,
  created_time   timestamptz(3) not null,
  start_time     timestamptz(3),
  finish_time    timestamptz(3),
  param          jsonb,
  result         jsonb,
  error_message  text
);

create index event_log_newest on event_log (created_time desc, id desc);
create index event_log_full_name on event_log (full_name, created_time desc, id desc);
create index event_log_event_type on event_log (event_type, created_time desc, id desc);
create index event_log_sender on event_log (sender, created_time desc, id desc);
create index event_log_run_type on event_log (run_type, created_time desc, id desc);
create index event_log_status on event_log (status, created_time desc, id desc);
create index event_log_request_id on event_log (request_id, created_time desc, id desc);
create index event_log_node_id on event_log (node_id, created_time desc, id desc);
create index event_log_parent_node_id on event_log (parent_node_id, created_time desc, id desc);
create index event_log_failure_newest on event_log (created_time desc, id desc)
  where error_message is not null;
create index event_log_attempt on event_log (attempt, created_time desc, id desc)
  where attempt > 1;
create index event_log_start_time on event_log (start_time);
create index event_log_finish_time on event_log (finish_time);
create index event_log_duration on event_log ((finish_time - start_time));
create index event_log_payload on event_log using gin (param jsonb_path_ops, result jsonb_path_ops);

create table token (
  id                bigint generated always as identity primary key,
  token_key         text collate "C" not null unique,
  secret_digest     bytea not null,
  -- Raised when the secret is rolled: a JWT names the generation it was minted under.
  secret_generation integer not null default 1,
  username          text collate "C" unique,
  password_hash     text,
  timestamp_from    timestamptz,
  timestamp_to      timestamptz,
  version           integer not null default 1,
  token_limit       jsonb not null,
  is_super          boolean not null default false,
  created_time      timestamptz not null default now()
);

create unique index token_one_super on token (is_super) where is_super;

-- One row. Servers that cache checked credentials compare it, so that a missed notification costs at most one poll.
create table token_version (
  only_row boolean primary key default true check (only_row),
  version  bigint not null
);
insert into token_version (version) values (1);

create function token_changed() returns trigger language plpgsql as $$
begin
  update token_version set version = version + 1;
  perform pg_notify('daybook_token', '');
  return null;
end
$$;

create trigger token_changed after insert or update or delete or truncate on token
  for each statement execute function token_changed();

-- What every server of one database must share and nobody configured (see DAYBOOK_PEPPER, DAYBOOK_JWT_SECRET).
create table server_secret (
  name  text collate "C" primary key,
  value text not null
);
