-- What a run of a rule has deleted and not yet told the audit trail: counted with each batch, told when the run ends, and by
-- the next run where a server was killed in between.
alter table retention_rule
  add column untold      bigint not null default 0,
  add column untold_from bigint,
  add column untold_to   bigint;
