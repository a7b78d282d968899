-- name: insert_run
-- The same, many at once.
insert into runs ({run}, heard_from) select r.*, (select last_value from deliveries) from rows({run});

-- name: insert_batch_run
-- The same, many at once.
insert into batch_runs (environment_id, batch_id, number, run_id)
select * from rows(:environment_id text, :batch_id text, :number bigint, :run_id text) on conflict do nothing;

-- name: finish_run
-- The same, many at once.
update runs set status = r.status, output = r.output, failure = r.failure, finished_at = r.now, worker_id = null,
  is_ready = false, timer_at = null, slot = 0
from rows(:id text, :lease bigint, :status text, :output text, :failure text, :now bigint)
where runs.id = r.id and runs.lease = r.lease and runs.status in ('PENDING', 'RUNNING', 'WAITING');

-- name: park_run
-- The same, many at once.
update runs set status = 'WAITING', worker_id = null, crashes = 0, faults = 0, timer_at = deadline_at,
  slot = 0
from rows(:id text, :lease bigint)
where runs.id = r.id and runs.lease = r.lease and runs.status = 'RUNNING';

-- name: save_task
-- The same, many at once, each task once.
insert into tasks ({task}) select * from rows({task})
on conflict (run_id, key) do update set status = excluded.status, attempt = excluded.attempt,
  output = excluded.output, failure = excluded.failure, position = excluded.position,
  finished_at = excluded.finished_at, next_attempt_at = excluded.next_attempt_at
where tasks.status not in ('SUCCESS', 'FAILED', 'CANCELLED');

-- name: save_whole_task
-- The same, many at once, each task once.
insert into tasks (run_id, environment_id, key, parent_key, kind, name, fingerprint, status, attempt, output, position,
  started_at, finished_at)
select * from rows(:run_id text, :environment_id text, :key text, :parent_key text, :kind text, :name text,
  :fingerprint text, :status text, :attempt bigint, :output text, :position bigint, :started_at bigint,
  :finished_at bigint)
on conflict (run_id, key) do update set status = excluded.status, attempt = excluded.attempt,
  output = excluded.output, failure = excluded.failure, position = excluded.position,
  finished_at = excluded.finished_at, next_attempt_at = excluded.next_attempt_at
where tasks.status not in ('SUCCESS', 'FAILED', 'CANCELLED');

-- name: resolve_task
-- The same, many at once.
update tasks set status = r.status, output = r.output, failure = r.failure, event_id = r.event_id,
  finished_at = r.now
from rows(:run_id text, :key text, :status text, :output text, :failure text, :event_id text, :now bigint)
where tasks.run_id = r.run_id and tasks.key = r.key and tasks.status = 'WAITING';

-- name: deliver_task
-- The same, many at once.
update tasks set position = r.position from rows(:run_id text, :key text, :position bigint)
where tasks.run_id = r.run_id and tasks.key = r.key and tasks.position is null;

-- name: insert_wait
-- The same, many at once; of one that comes twice the later.
insert into waits ({wait}) select distinct on (r.run_id, r.task_key) {wait:r}
from (select *, row_number() over () as place from rows({wait})) r order by r.run_id, r.task_key, r.place desc
on conflict (run_id, task_key) do update set kind = excluded.kind, due_at = excluded.due_at,
  channel = excluded.channel, filter = excluded.filter;

-- name: delete_wait
-- The same, many at once.
delete from waits using rows(:run_id text, :task_key text)
where waits.run_id = r.run_id and waits.task_key = r.task_key;

-- name: insert_awaited_run
-- The same, many at once.
insert into awaited_runs (run_id, task_key, target_run_id)
select * from rows(:run_id text, :task_key text, :target_run_id text) on conflict do nothing;

-- name: insert_entry
-- The same, many at once, in their order.
insert into history (environment_id, run_id, at, kind, task_key, attempt, data)
select * from rows(:environment_id text, :run_id text, :at bigint, :kind text, :task_key text, :attempt bigint, :data text);

-- name: insert_log
-- The same, many at once.
insert into logs ({log}) select * from rows({log}) on conflict do nothing;

-- name: move_schedule
-- The same, many at once.
update schedules set next_at = r.next_at, last_at = r.last_at, moved_at = r.moved_at, refusal = r.refusal
from rows(:environment_id text, :id text, :next_at bigint, :last_at bigint, :moved_at bigint, :refusal text)
where schedules.environment_id = r.environment_id and schedules.id = r.id;

-- name: grant_slot
-- The same, many at once.
update runs set is_ready = true, slot = r.slot, available_at = r.available_at
from rows(:id text, :slot bigint, :available_at bigint)
where runs.id = r.id and (runs.slot = 1 and runs.status = 'PENDING') is true;

-- name: tag_run
-- The same, many at once.
insert into run_tags (environment_id, tag, created_at, run_id)
select t.environment_id, r.tag, t.created_at, r.run_id from rows(:run_id text, :tag text) cross join lateral (
  select i.environment_id, i.created_at from runs i where i.id = r.run_id offset 0) t
on conflict do nothing;
