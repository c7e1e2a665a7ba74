-- Databases that were made before the queue had a table of its own kept it in a schema of pg-boss: what is open moves here.
do $$
begin
  if to_regclass(format('%I.event_job', current_schema())) is not null then
    return;
  end if;

  create table event_job (
    id           uuid primary key,
    queue        text collate "C" not null,
    event_log_id bigint not null,
    full_name    text collate "C" not null,
    start_after  timestamptz not null,
    is_taken     boolean not null default false
  );
  create index event_job_waiting on event_job (queue, start_after, id) where not is_taken;
  create index event_job_taken on event_job (queue, full_name) where is_taken;

  insert into event_job (id, queue, event_log_id, full_name, start_after, is_taken)
  select id, name, (data ->> 'row')::bigint, group_id, start_after, state = 'active'
  from daybook_queue.job
  where state <= 'active' and group_id is not null and data ? 'row'
  on conflict (id) do nothing;

  drop schema daybook_queue cascade;
end
$$;
