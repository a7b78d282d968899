-- name: save_task
-- The state of a task; one that is finished never changes again (I2).
insert into tasks ({task}) values ({:task})
on conflict (run_id, key) do update set status = excluded.status, attempt = excluded.attempt,
  output = excluded.output, failure = excluded.failure, position = excluded.position,
  finished_at = excluded.finished_at, next_attempt_at = excluded.next_attempt_at
where tasks.status not in ('SUCCESS', 'FAILED', 'CANCELLED');

-- name: save_whole_task
-- The same of a task that was done at once, with the columns that it has.
insert into tasks (run_id, environment_id, key, parent_key, kind, name, fingerprint, status, attempt, output, position,
  started_at, finished_at)
values (:run_id, :environment_id, :key, :parent_key, :kind, :name, :fingerprint, :status, :attempt, :output, :position,
  :started_at, :finished_at)
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

-- name: retry_task
-- A person says that a task in doubt was not done, or its breaker lets it try: its next attempt is due.
update tasks set status = 'RETRYING', next_attempt_at = :now
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

-- name: close_tasks_of_body
-- A run was cancelled, and its hook is still to be called: the tasks of its body end, those of the hook go on.
update tasks set status = 'CANCELLED', finished_at = :now
where run_id = :run_id and status in ('RUNNING', 'RETRYING', 'WAITING') and substr(key, 1, 10) <> '#on_cancel';

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

-- name: spans_of_run
-- What a timeline shows of a run's tasks, as they began.
select key, parent_key, name, kind, status, started_at, finished_at, attempt from tasks
where run_id = :run_id order by started_at, key;

-- name: spans_by_keys
-- The same of some of them.
select key, parent_key, name, kind, status, started_at, finished_at, attempt from tasks
where run_id = :run_id and key in each(:keys) order by started_at, key;

-- name: tries_of_run
-- When the failed tries of a run's tasks and of its body were.
select task_key, started_at, finished_at from attempts where run_id = :run_id order by task_key, number;

-- name: tries_of_tasks
-- The same of some tasks.
select task_key, started_at, finished_at from attempts
where run_id = :run_id and task_key in each(:keys) order by task_key, number;

-- name: outlines_of_tasks
-- All tasks of a run without what they were given and came to.
select key, kind, status, position from tasks where run_id = :run_id;

-- name: beginnings_of_tasks
-- Where a run's account first tells of each task.
select task_key, min(sequence), min(at) from history
where environment_id = :environment_id and run_id = :run_id and task_key is not null
  and kind in ('TASK_KEPT', 'TASK_STARTED', 'TASK_RETRIED', 'TASK_COMPLETED', 'TASK_FAILED', 'WAIT_STARTED')
group by task_key;

-- name: keep_tasks
-- The outcomes of some tasks of a run that is replayed, in the replay. What they were given is not compared there.
insert into tasks (run_id, environment_id, key, parent_key, kind, name, icon, params, properties, fingerprint, status,
  attempt, output, failure, position, event_id, started_at, finished_at, next_attempt_at, kept_from)
select :new_run_id, environment_id, key, parent_key, kind, name, icon, params, properties, '', status,
  attempt, output, failure, position, event_id, started_at, finished_at, null, coalesce(kept_from, run_id)
from tasks where run_id = :run_id and key in each(:keys)
on conflict do nothing;
