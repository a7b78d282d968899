-- name: insert_worker
-- A worker registered, perhaps again; an id that another environment uses, or whose worker was ended, is left alone.
insert into workers ({worker}) values ({:worker}) on conflict (id) do update set
  status = case when workers.drain_at is null then excluded.status else 'DRAINING' end, job_ids = excluded.job_ids, versions = excluded.versions,
  pinning = excluded.pinning, superseded = excluded.superseded, queues = excluded.queues, heartbeat_at = excluded.heartbeat_at
where workers.environment_id = excluded.environment_id and workers.status <> 'GONE';

-- name: workers_by_ids
-- Workers as they stand.
select {worker} from workers where id in each(:ids) order by id @lock;

-- name: reporters
-- What a commit must know of the workers that report.
select id, environment_id, status, commit_seq from workers where id in each(:ids) order by id @lock;

-- name: claimants
-- Workers that claim, and what there is for them beside runs of the common lanes.
select w.id, w.environment_id, w.status, w.job_ids,
  exists (select 1 from runs r where r.environment_id = w.environment_id and r.is_ready and r.lane >= 2),
  exists (select 1 from runs r where r.worker_id = w.id and r.lane = 3),
  exists (select 1 from runs r where r.worker_id = w.id and r.notices > r.noticed),
  (select e.max_leases from environments e where e.id = w.environment_id), w.versions, w.pinning, w.superseded,
  exists (
    select 1 from runs r
    where r.environment_id = w.environment_id and r.is_ready and r.pinned_version is not null),
  w.queues, exists (select 1 from runs r where r.environment_id = w.environment_id and r.is_ready)
from workers w where w.id in each(:ids) order by w.id;

-- name: beat_worker
-- A sign of life, and what the worker says of itself.
update workers set heartbeat_at = :now, heartbeats = heartbeats + 1, silence = 0, status = :status, is_leaving = :is_leaving,
  progress_at = case when progress = :progress then progress_at else :now end, progress = :progress,
  blocked_stack = :blocked_stack
where id = :id and status <> 'GONE';

-- name: note_silence
-- Listened for in vain for so long; not if it has beaten meanwhile.
update workers set silence = :silence
where id = :id and heartbeats = :heartbeats and silence < :silence and status <> 'GONE';

-- name: supersede_worker
-- The jobs of which it leaves runs to others that are bound to no version.
update workers set superseded = :superseded where id = :id and status <> 'GONE';

-- name: record_commit
-- Its commits up to this number are applied.
update workers set commit_seq = :commit_seq where id = :id and commit_seq < :commit_seq;

-- name: end_worker
-- Dead to us: whatever it sends from now on is refused.
update workers set status = 'GONE', ended_at = :now, ended_reason = :reason where id = :id and status <> 'GONE';

-- name: drain_worker
-- It takes nothing more; who said so first is kept.
update workers set status = 'DRAINING', drain_at = coalesce(drain_at, :now),
  drain_by = case when drain_at is null then cast(:by as text) else drain_by end
where id = :id and status <> 'GONE';

-- name: live_workers
-- Every worker that has not been ended.
select {worker} from workers where status <> 'GONE';

-- name: live_workers_of
-- The live workers of an environment, by name if one is given.
select {worker} from workers
where environment_id = :environment_id and status <> 'GONE' and (cast(:name as text) is null or name = :name)
order by registered_at;

-- name: list_workers
-- The workers of an environment, newest first, with the runs each holds.
select {worker:w}, (select count(*) from runs r where r.worker_id = w.id) from workers w
where w.environment_id = :environment_id and (w.status <> 'GONE' or w.heartbeat_at >= :since)
order by w.registered_at desc;

-- name: runs_of_workers
-- The runs that some workers hold.
select {run} from runs where worker_id in each(:worker_ids) order by id @lock;
