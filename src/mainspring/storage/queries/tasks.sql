-- name: save_task
-- The state of a task; one that is finished never changes again (I2).
insert into tasks ({task}) values ({:task})
on conflict (run_id, key) do update set status = excluded.status, attempt = excluded.attempt,
  output = excluded.output, failure = excluded.failure, position = excluded.position,
  finished_at = excluded.finished_at, next_attempt_at = excluded.next_attempt_at
where tasks.status not in ('SUCCESS', 'FAILED', 'CANCELLED');

-- name: add_attempt
-- A failed try.
insert into attempts ({attempt}) values ({:attempt}) on conflict do nothing;

-- name: resolve_task
-- The outcome of a waiting task.
update tasks set status = :status, output = :output, failure = :failure, event_id = :event_id, finished_at = :now
where run_id = :run_id and key = :key and status = 'WAITING';

-- name: cancel_task
-- User code stopped waiting for it.
update tasks set status = 'CANCELLED', position = :position, finished_at = :now
where run_id = :run_id and key = :key and status in ('WAITING', 'RETRYING', 'RUNNING');

-- name: deliver_task
-- A resolved wait reached user code as number `position`.
update tasks set position = :position where run_id = :run_id and key = :key and position is null;

-- name: accept_task
-- A person lets a changed task stand: its fingerprint is not compared any more.
update tasks set fingerprint = '' where run_id = :run_id and key = :key;

-- name: close_tasks
-- A run ended: what it still had open ends with it.
update tasks set status = 'CANCELLED', finished_at = :now
where run_id in each(:run_ids) and status in ('RUNNING', 'RETRYING', 'WAITING');

-- name: tasks_of_runs
-- All tasks of some runs, in the order in which they reached user code.
select {task} from tasks where run_id in each(:run_ids)
order by run_id, case when position is null then 1 else 0 end, position, finished_at, key;

-- name: tasks_by_keys
-- Some tasks of one run.
select {task} from tasks where run_id = :run_id and key in each(:keys);

-- name: undelivered_tasks
-- Resolved waits of some runs that have not reached user code.
select {task} from tasks
where run_id in each(:run_ids) and (
  (status in ('SUCCESS', 'FAILED') and position is null)
  or (status = 'RETRYING' and next_attempt_at <= :now))
order by run_id, finished_at, key;

-- name: tasks_of_run
-- All tasks of a run as they began.
select {task} from tasks where run_id = :run_id order by started_at, key;

-- name: page_of_tasks
-- The same from a place on, a page at a time.
select {task} from tasks
where run_id = :run_id and (started_at > :started_at or (started_at = :started_at and key > :key))
order by started_at, key limit :limit;

-- name: attempts_of_tasks
-- Failed tries of some tasks of a run.
select {attempt} from attempts where run_id = :run_id and task_key in each(:keys) order by task_key, number;

-- name: attempts_of_run
-- Failed tries of a run's tasks and of its body.
select {attempt} from attempts where run_id = :run_id order by task_key, number;
