-- Members of the env that a run may replace; null: none. `owner` holds everybody who shaped the worker since its source was
-- last given.
alter table js_worker add column open_env jsonb;

create trigger js_worker_opened after update of open_env on js_worker
  for each statement execute function definition_changed();
