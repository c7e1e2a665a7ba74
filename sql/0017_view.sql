-- Conditions under a name: {"view":"name"} stands for them in every query.

create table view (
  id           bigint generated always as identity primary key,
  owner        text collate "C" not null,
  name         text collate "C" not null,
  -- The token in whose name it was made; its views go with it.
  token_key    text collate "C" not null references token (token_key) on update cascade on delete cascade,
  resource     text collate "C" not null,
  condition    jsonb not null,
  layout       jsonb,
  shared       boolean not null,
  created_time timestamptz(3) not null,
  updated_time timestamptz(3) not null,
  unique (owner, name)
);
-- A name means the same to everybody who has no view of their own of it.
create unique index view_shared on view (name) where shared;
create index view_token on view (token_key);
