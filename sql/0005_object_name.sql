-- The object that an event is about, where the event's own name does not say so.
alter table execution_event add column object_name text collate "C";

-- It is one more member by which events differ. For those that read them nothing has changed.
alter table execution_event disable trigger user;
update execution_event set merge_key = sha256(convert_to(jsonb_build_array(
  execution_id, name, namespace, object_name, reason, message, type, elem_type, elem_id, action_name)::text, 'UTF8'));
alter table execution_event enable trigger user;
