-- Who began the chain of this record: a chain is the records of one request_id and one owner. Null: unknown, which is
-- nobody's.
alter table event_log add column chain_owner text collate "C";
