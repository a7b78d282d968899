-- name: insert_run
-- A new run.
insert into runs ({run}, heard_from) values ({:run}, (select last_value from deliveries));

-- name: known_runs
-- Runs that were triggered before, by their id.
select {run} from runs where environment_id = :environment_id and id in each(:ids);

-- name: runs_by_keys
-- Runs that were triggered before, by the caller's idempotency key.
select {run} from runs
where environment_id = :environment_id and job_id in each(:job_ids) and idempotency_key in each(:keys);

-- name: leased_runs
-- What a commit must know of the runs it reports on.
select id, environment_id, job_id, status, lease, worker_id, attempt, max_attempts, crashes, heard_from, event_id,
  cancel_requested_at, deadline_at, faults, queue, concurrency_key, slot, singleton_key
from runs where id in each(:ids) order by id @lock;

-- name: runs_by_ids
-- Whole rows of some runs.
select {run} from runs where id in each(:ids);

-- name: find_run
-- One run of an environment: "is true" has the planner of a database, which may know nothing of the table yet, or of
-- how it was before, look for the id and not for what else many runs have in common. So it is below.
select {run} from runs where id = :id and (environment_id = :environment_id) is true;

-- name: find_run_to_change
-- One run of an environment, held for a change.
select {run} from runs where id = :id and (environment_id = :environment_id) is true @lock;

-- name: find_runs_to_change
-- Some runs of an environment, held for a change.
select {run} from runs where environment_id = :environment_id and id in each(:ids) order by id @lock;

-- name: finish_run
-- The end of a run, under the lease that brought it there.
update runs set status = :status, output = :output, failure = :failure, finished_at = :now, worker_id = null,
  is_ready = false, timer_at = null, slot = 0
where id = :id and lease = :lease and status in ('PENDING', 'RUNNING', 'WAITING');

-- name: park_run
-- The run waits; its lease and slot are free.
update runs set status = 'WAITING', worker_id = null, crashes = 0, faults = 0, timer_at = deadline_at,
  slot = 0
where id = :id and lease = :lease and status = 'RUNNING';

-- name: release_run
-- Back to the head of its queue, to go on from its last checkpoint; a suspect perhaps after a pause.
update runs set status = 'PENDING', worker_id = null, lane = :lane, crashes = :crashes,
  faults = :faults, available_at = :available_at,
  timer_at = case when deadline_at < coalesce(:timer_at, deadline_at) then deadline_at
    else coalesce(:timer_at, deadline_at) end,
  is_ready = :is_ready and not exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null),
  slot = case when :is_ready and exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null) then 1 else 0 end
where id = :id and lease = :lease and status = 'RUNNING';

-- name: retry_run
-- The body failed and is tried again later; its worker lived to tell.
update runs set status = 'PENDING', worker_id = null, is_ready = false, lane = 0, attempt = attempt + 1,
  crashes = 0, faults = 0, failure = :failure, available_at = :available_at, timer_at = :timer_at,
  slot = 0
where id = :id and lease = :lease and status = 'RUNNING';

-- name: wake_runs
-- Parked runs of which a wait resolved become claimable, ahead of fresh ones, or are held at the head of a queue that
-- has limits; not those that wait for a person.
update runs set status = 'PENDING', lane = 0, available_at = :now, timer_at = deadline_at,
  is_ready = not exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null),
  slot = case when exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null) then 1 else 0 end
where id in each(:ids) and (status = 'WAITING') is true
  and not exists (select 1 from waits w where w.run_id = runs.id and w.kind = 'drift')
returning id, environment_id, queue, coalesce(concurrency_key, ''), slot;

-- name: notify_runs
-- Runs under a lease: their holder must hear that something happened.
update runs set notices = notices + 1 where id in each(:ids) and status = 'RUNNING' returning worker_id;

-- name: acknowledge_notice
-- The holder knows.
update runs set noticed = :number where id = :id and (worker_id = :worker_id) is true and noticed < :number;

-- name: noticed_runs
-- Runs of a worker of which it must be told something.
select id, lease, notices, cancel_requested_at from runs where worker_id = :worker_id and notices > noticed;

-- name: request_cancel
-- Asks the holder of a running run to stop.
update runs set cancel_requested_at = :now, timer_at = :timer_at, notices = notices + 1,
  cancel_reason = :reason, cancelled_by = :by
where id = :id and status = 'RUNNING' and cancel_requested_at is null returning worker_id;

-- name: note_cancel
-- Who cancels a run that has not ended, and why.
update runs set cancel_reason = :reason, cancelled_by = :by
where id = :id and (status in ('PENDING', 'WAITING')) is true and cancel_requested_at is null;

-- name: clean_up_run
-- A cancelled run is given to a worker once more, for its hook; where its queue has limits, within these.
update runs set status = 'PENDING', worker_id = null, lane = :lane, available_at = :now,
  cancel_requested_at = :asked_at,
  timer_at = case when deadline_at < :timer_at then deadline_at else :timer_at end,
  is_ready = not exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null),
  slot = case when exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null) then 1 else 0 end
where id = :id and lease = :lease and status in ('PENDING', 'RUNNING', 'WAITING')
returning queue, coalesce(concurrency_key, ''), slot;

-- name: lend_run
-- A run has come to its end without its code: it is given to a worker once more, for its hooks, until then.
update runs set status = 'PENDING', worker_id = null, lane = :lane, crashes = 0, faults = 0, available_at = :now,
  deadline_at = :ends_at, timer_at = :ends_at, failure = :failure,
  is_ready = not exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null),
  slot = case when exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null) then 1 else 0 end
where id = :id and lease = :lease and status in ('PENDING', 'RUNNING', 'WAITING')
returning queue, coalesce(concurrency_key, ''), slot;

-- name: time_run
-- When the engine must look at a run that a worker holds.
update runs set timer_at = :timer_at where id = :id and lease = :lease and status = 'RUNNING';

-- name: mark_version
-- The version of its job that has it now, and the one it is bound to.
update runs set job_version = :job_version, pinned_version = :pinned_version
where id = :id and lease = :lease and status = 'RUNNING';

-- name: repin_run
-- Another version of its job, or none, is to go on with it; what was set aside or admitted stands in the line again.
update runs set pinned_version = :version, is_ready = is_ready and slot < 2,
  slot = case when status = 'PENDING' and slot >= 2 then 1 else slot end
where id = :id;

-- name: show_run
-- What a run shows live; nulls leave a field as it is.
update runs set tags = coalesce(:tags, tags), metadata = coalesce(:metadata, metadata),
  progress = coalesce(:progress, progress)
where id = :id and lease = :lease;

-- name: forgive_run
-- It made progress: earlier deaths of its workers are not held against it.
update runs set crashes = 0, faults = 0, lane = 0 where id = :id and lease = :lease;

-- name: mark_deaths
-- The last worker died with it as well.
update runs set crashes = :crashes, faults = :faults where id = :id and lease = :lease;

-- name: due_runs
-- Runs that the engine must look at now: delay over, expiry, deadline, unanswered cancel.
select {run} from runs where timer_at <= :now order by timer_at limit :limit @skip_locked;

-- name: admit_run
-- A delayed run enters the ready set, or is held where its queue has limits.
update runs set timer_at = :timer_at, is_ready = not exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null),
  slot = case when exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null) then 1 else 0 end
where id = :id and (status = 'PENDING') is true and not is_ready and slot = 0;

-- name: try_alone
-- It has a worker of its own until then.
update runs set timer_at = :timer_at where id = :id and lease = :lease;

-- name: end_trial
-- Its time alone is over, or nothing is due any more: it goes beside others.
update runs set lane = case when lane = 3 then 2 else lane end, timer_at = :timer_at
where id = :id and lease = :lease and status in ('PENDING', 'RUNNING');

-- name: next_run_at
-- When the next run needs a look.
select min(timer_at) from runs where timer_at is not null;

-- name: held_suspect
-- Whether a worker holds a run that was in this many dying workers.
select id from runs where worker_id = :worker_id and crashes >= :crashes limit 1;

-- name: held_run
-- Whether a worker holds any run.
select id from runs where worker_id = :worker_id limit 1;

-- name: forget_key
-- Its idempotency key starts another run from now on.
update runs set idempotency_key = null, key_expires_at = null where id = :id;

-- name: reset_key
-- The same by the key itself.
update runs set idempotency_key = null, key_expires_at = null
where environment_id = :environment_id and job_id = :job_id and idempotency_key = :key;

-- name: reschedule_run
-- Another start for a run that waits for its own.
update runs set available_at = :available_at, expires_at = :expires_at, timer_at = :available_at
where id = :id and (status = 'PENDING') is true and not is_ready and lease = 0;
