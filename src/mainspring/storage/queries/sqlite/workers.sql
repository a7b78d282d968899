-- name: claimants
-- Workers that claim, and what there is for them beside runs of the common lanes.
select w.id, w.environment_id, w.status, w.job_ids,
  exists (
    select 1 from runs r indexed by runs_of_suspicion
    where r.environment_id = w.environment_id and r.is_ready and r.lane >= 2),
  exists (select 1 from runs r where r.worker_id = w.id and r.lane = 3),
  exists (select 1 from runs r where r.worker_id = w.id and r.notices > r.noticed),
  (select e.max_leases from environments e where e.id = w.environment_id)
from workers w where w.id in each(:ids) order by w.id;
