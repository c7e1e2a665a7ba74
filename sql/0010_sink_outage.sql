-- A sink goes on trying as long as what it has still to deliver is kept; then it ends, and says why.

alter table sink
  drop column retry_limit,
  -- Of a failed one: `refused` or `behind_too_far`. One that is too far behind holds nothing back any more.
  add column fail_reason text collate "C" check (fail_reason in ('refused', 'behind_too_far'));
update sink set fail_reason = 'refused' where state = 'failed';
