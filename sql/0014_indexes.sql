-- The indexes that earn their keep: docs/indexes.md says what each costs and serves. The others can be had by
-- `daybook index add`. All ascend, and newest first reads them backwards: where each entry comes before the one before,
-- every page stays half empty.

drop index js_result_newest, js_result_js_worker_name, js_result_js_worker_id, js_result_run_type, js_result_running,
  js_result_failure, js_result_running_newest, js_result_failure_newest, js_result_finish_time, js_result_duration,
  js_result_payload;
create index js_result_newest on js_result (start_time nulls first, id);
create index js_result_js_worker_name on js_result (js_worker_name, start_time nulls first, id);
-- Narrow: equal values share an entry. A worker's newest are sorted out of all of its own.
create index js_result_js_worker_id on js_result (js_worker_id);
-- The planner takes far too many for running, and would walk through all that a worker ever ran.
create index js_result_running on js_result (js_worker_name, start_time nulls first, id)
  where result is null and error_message is null;
create index js_result_running_newest on js_result (start_time nulls first, id)
  where result is null and error_message is null;
create index js_result_failure on js_result (js_worker_name, start_time nulls first, id)
  where error_message is not null;
create index js_result_failure_newest on js_result (start_time nulls first, id) where error_message is not null;
-- Some kilobytes: runs end about in the order in which they begin.
create index js_result_finish_time on js_result using brin (finish_time)
  with (pages_per_range = 32, autosummarize = on);

drop index event_log_newest, event_log_full_name, event_log_event_type, event_log_sender, event_log_run_type,
  event_log_status, event_log_request_id, event_log_node_id, event_log_parent_node_id, event_log_failure_newest,
  event_log_attempt, event_log_start_time, event_log_finish_time, event_log_duration, event_log_payload;
create index event_log_newest on event_log (created_time, id);
create index event_log_full_name on event_log (full_name, created_time, id);
-- A chain is read whole, and sorted then.
create index event_log_request_id on event_log (request_id);
create index event_log_parent_node_id on event_log (parent_node_id) where parent_node_id is not null;
create index event_log_unfinished on event_log (status, created_time, id) where status in ('waiting', 'running');
create index event_log_failure on event_log (full_name, created_time, id) where status = 'fail';
create index event_log_failure_newest on event_log (created_time, id) where status = 'fail';

drop index service_event_newest, service_event_service_id, service_event_project_id, service_event_service_name,
  service_event_abnormal, service_event_event_type;
create index service_event_newest on service_event (occur_time, id);
create index service_event_service_id on service_event (service_id, occur_time, id);
create index service_event_abnormal on service_event (service_id, occur_time, id) where event_type = 'abnormal';
create index service_event_abnormal_newest on service_event (occur_time, id) where event_type = 'abnormal';

drop index execution_event_newest, execution_event_execution_id, execution_event_name, execution_event_namespace,
  execution_event_type, execution_event_elem_type, execution_event_elem_id, execution_event_action_name,
  execution_event_first_timestamp, execution_event_count;
create index execution_event_newest on execution_event (last_timestamp, id);
create index execution_event_execution_id on execution_event (execution_id, last_timestamp, id);
-- By its name a cluster tells of an event again.
create index execution_event_name on execution_event (name);
create index execution_event_warning_newest on execution_event (last_timestamp, id) where type = 'Warning';

-- What runs rewrite and retention deletes is used again soon: a fifth of a large table is too much to wait for.
alter table js_result set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
alter table event_log set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
alter table service_event set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
alter table execution_event set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
