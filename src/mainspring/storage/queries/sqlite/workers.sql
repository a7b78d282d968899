-- name: claimants
-- Workers that claim, and what there is for them beside runs of the common lanes.
select w.id, w.environment_id, w.status, w.job_ids,
  exists (
    select 1 from runs r indexed by runs_of_suspicion
    where r.environment_id = w.environment_id and r.is_ready and r.lane >= 2),
  exists (select 1 from runs r where r.worker_id = w.id and r.lane = 3),
  exists (select 1 from runs r where r.worker_id = w.id and r.notices > r.noticed),
  (select e.max_leases from environments e where e.id = w.environment_id), w.versions, w.pinning, w.superseded,
  exists (
    select 1 from runs r indexed by runs_pinned
    where r.environment_id = w.environment_id and r.is_ready and r.pinned_version is not null),
  w.queues, exists (select 1 from runs r indexed by runs_ready where r.environment_id = w.environment_id and r.is_ready)
from workers w where w.id in each(:ids) order by w.id;

-- name: takers
-- Workers that may begin runs as they are made: none of their jobs has one ready, and there is no limit to be kept.
select w.id, w.job_ids, w.versions, w.pinning, w.superseded, w.queues,
  exists (select 1 from runs r where r.worker_id = w.id and r.notices > r.noticed)
from workers w
where w.id in each(:ids) and w.environment_id = :environment_id and w.status = 'ALIVE'
  and not exists (
    select 1 from json_each(w.job_ids) j cross join runs r indexed by runs_ready
    where r.environment_id = w.environment_id and coalesce(r.job_id || '/' || r.pinned_version, r.job_id) = j.value
      and r.is_ready)
  and not exists (
    select 1 from runs r indexed by runs_pinned
    where r.environment_id = w.environment_id and r.is_ready and r.pinned_version is not null)
  and not exists (select 1 from runs r where r.worker_id = w.id and r.lane = 3)
  and not exists (select 1 from environments e where e.id = w.environment_id and e.max_leases is not null)
order by w.id;
