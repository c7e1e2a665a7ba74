-- Who changed or tried what: deletes, imports, definitions, tokens, retention, and what was denied. Rows are only ever added.

create table audit_log (
  id         bigint generated always as identity primary key,
  time       timestamptz(3) not null,
  -- The key of a token, `server` or `stranger`: no key looks like these.
  token_key  text collate "C" not null,
  token_name text collate "C",
  -- The other tokens whose rights the call was bound to: the makers of a script.
  other_keys jsonb,
  address    text collate "C",
  method     text collate "C" not null,
  resource   text collate "C",
  target     text collate "C",
  -- Of a definition or a token, the names of the members that were given; never their values.
  members    jsonb,
  condition  jsonb,
  dry_run    jsonb,
  affected   bigint,
  ids        jsonb,
  ids_digest text collate "C",
  outcome    text collate "C" not null check (outcome in ('success', 'denied', 'failed')),
  reason     text collate "C",
  repeated   bigint not null default 1
);
create index audit_log_newest on audit_log (time, id);
create index audit_log_token_key on audit_log (token_key, time, id);
create index audit_log_failure_newest on audit_log (time, id) where outcome in ('denied', 'failed');

create trigger audit_log_written after insert on audit_log
  referencing new table as written for each statement execute function records_written('audit-log');
