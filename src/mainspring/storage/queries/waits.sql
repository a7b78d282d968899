-- name: insert_wait
-- Something a run waits for.
insert into waits ({wait}) values ({:wait})
on conflict (run_id, task_key) do update set kind = excluded.kind, due_at = excluded.due_at,
  channel = excluded.channel, filter = excluded.filter;

-- name: delete_wait
-- It is resolved, or nobody waits for it any more.
delete from waits where run_id = :run_id and task_key = :task_key;

-- name: delete_waits_of_runs
-- Runs that ended wait for nothing.
delete from waits where run_id in each(:run_ids);

-- name: delete_waits_of_body
-- A run was cancelled, and its hook is still to be called: it waits for nothing but what its hook waits for.
delete from waits where run_id = :run_id and substr(task_key, 1, 10) <> '#on_cancel';

-- name: waits_on_channels
-- Unresolved waits that listen where something was announced, oldest first.
select {wait} from waits where environment_id = :environment_id and channel in each(:channels)
order by created_at, run_id, task_key @lock;

-- name: due_waits
-- Waits whose time has come.
select {wait} from waits where due_at <= :now order by due_at limit :limit @skip_locked;

-- name: next_wait_at
-- When the next wait is due.
select min(due_at) from waits where due_at is not null;

-- name: waits_of_runs
-- What some runs wait for.
select {wait} from waits where run_id in each(:run_ids) order by created_at, task_key;

-- name: drift_of_run
-- Where a run waits for a person because its code changed.
select task_key, filter from waits where run_id = :run_id and kind = 'drift';

-- name: drifted_runs
-- Those of some runs that wait for a person, because the code did not fit, and the reason.
select run_id, filter from waits where run_id in each(:run_ids) and kind = 'drift';
