-- name: insert_awaited_run
-- A run that a wait for several still waits for.
insert into awaited_runs (run_id, task_key, target_run_id) values (:run_id, :task_key, :target_run_id)
on conflict do nothing;

-- name: waits_for_several
-- Waits for several runs among which are these, each once and with its run held.
select {wait:w} from runs r join waits w on w.run_id = r.id
where w.kind = 'runs' and (w.run_id, w.task_key) in (
  select a.run_id, a.task_key from awaited_runs a where a.target_run_id in each(:target_run_ids))
order by r.id, w.task_key @lock;

-- name: delete_awaited_run
-- A wait for several runs came after the end of this one.
delete from awaited_runs where run_id = :run_id and task_key = :task_key and target_run_id = :target_run_id;

-- name: delete_awaited_runs
-- Runs that ended are awaited no more.
delete from awaited_runs where target_run_id in each(:target_run_ids);

-- name: answered_waits
-- Which of these runs' waits for several wait for none any more.
select w.run_id, w.task_key from waits w
where w.run_id in each(:run_ids) and w.kind = 'runs' and not exists (
  select 1 from awaited_runs a where a.run_id = w.run_id and a.task_key = w.task_key);

-- name: runs_to_await
-- The state of runs that are about to be waited for, held: their end comes before this or after it.
select id, environment_id, status from runs where id in each(:ids) order by id @lock;

-- name: open_children
-- Runs that these runs started and that have not ended.
select id, environment_id, status, lease, queue, concurrency_key, slot, parent_run_id, job_id,
  started_at is not null, cancel_requested_at is not null
from runs
where parent_run_id in each(:parent_run_ids) and status in ('PENDING', 'RUNNING', 'WAITING') order by id @lock;

-- name: request_cancels
-- Asks the holders of some running runs to stop.
update runs set cancel_requested_at = :now, notices = notices + 1, cancelled_by = parent_run_id,
  timer_at = case when deadline_at < :timer_at then deadline_at else :timer_at end
where id in each(:ids) and status = 'RUNNING' and cancel_requested_at is null
returning id, environment_id, worker_id, parent_run_id;

-- name: insert_batch_run
-- One of the runs that a request started.
insert into batch_runs (environment_id, batch_id, number, run_id)
values (:environment_id, :batch_id, :number, :run_id) on conflict do nothing;

-- name: runs_of_batch
-- The runs of a batch in their order.
select {run:r} from batch_runs b join runs r on r.id = b.run_id
where b.environment_id = :environment_id and b.batch_id = :batch_id order by b.number;

-- name: children_of_run
-- The runs that a run started, a page at a time.
select id, job_id, status, parent_task_key, created_at, started_at, finished_at from runs
where parent_run_id = :run_id and id > :after order by id limit :limit;
