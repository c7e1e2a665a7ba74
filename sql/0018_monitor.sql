-- What is counted again and again, and where each monitor stands.

create table monitor (
  id             bigint generated always as identity primary key,
  owner          text collate "C" not null,
  name           text collate "C" not null,
  -- The token in whose name it was made; its monitors go with it.
  token_key      text collate "C" not null references token (token_key) on update cascade on delete cascade,
  makers         jsonb not null,
  resource       text collate "C" not null,
  condition      jsonb not null,
  window_ms      bigint not null,
  every_ms       bigint not null,
  threshold      jsonb not null,
  for_ms         bigint not null,
  event          jsonb not null,
  enabled        boolean not null,
  state          text collate "C" not null default 'unknown' check (state in ('ok', 'pending', 'firing', 'unknown')),
  since          timestamptz(3) not null default now(),
  count          bigint,
  -- The event of its beginning was sent, and that of its end was not.
  is_open        boolean not null default false,
  evaluated_time timestamptz(3),
  -- Null: as soon as possible.
  next_time      timestamptz(3),
  failures       integer not null default 0,
  last_error     text,
  -- The server that evaluates it writes only while this is as it was: others, and changes, raise it.
  version        bigint not null default 0,
  claimed_until  timestamptz(3),
  created_time   timestamptz(3) not null,
  updated_time   timestamptz(3) not null,
  unique (owner, name)
-- Each evaluation rewrites its row: beside it, without touching an index.
) with (fillfactor = 50);

create table monitor_transition (
  id         bigint generated always as identity primary key,
  monitor_id bigint not null references monitor (id) on delete cascade,
  time       timestamptz(3) not null,
  state      text collate "C" not null,
  count      bigint,
  -- The chain of the event that told of it; null: none did.
  request_id text collate "C"
);
create index monitor_transition_newest on monitor_transition (monitor_id, id);
