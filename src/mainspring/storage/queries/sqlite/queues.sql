-- name: claim_runs
-- Grants leases on the first claimable runs of what a worker takes: a few per name are looked at, whatever the backlog.
update runs set status = 'RUNNING', is_ready = false, lease = lease + 1, worker_id = :worker_id,
  claim_seq = :claim_seq, started_at = coalesce(started_at, :now), expires_at = null,
  deadline_at = coalesce(deadline_at, :now + max_duration),
  timer_at = coalesce(deadline_at, :now + max_duration)
where status = 'PENDING' and (expires_at is null or expires_at > :now) and id in (
  select r.id from json_each(:names) n join runs r on r.rowid in (
    select i.rowid from runs i
    where i.environment_id = :environment_id and coalesce(i.job_id || '/' || i.pinned_version, i.job_id) = n.value and i.is_ready
      and i.lane between :first_lane and :last_lane
    order by i.priority desc, i.lane, i.available_at limit :slots)
  order by r.priority desc, r.lane, r.available_at limit :slots)
returning {run}, 'ALIVE';

-- name: held_runs
-- The first held runs of some keys of a queue: some of each, in their order.
select coalesce(r.concurrency_key, ''), r.id, coalesce(r.job_id || '/' || r.pinned_version, r.job_id), r.priority, r.lane
from json_each(:keys) j join runs r on r.rowid in (
  select i.rowid from runs i
  where i.environment_id = :environment_id and i.queue = :name and coalesce(i.concurrency_key, '') = j.value
    and i.slot = 1
  order by i.priority desc, i.lane, i.id limit :limit)
order by r.priority desc, r.lane, r.id;

-- name: key_states
-- Of some keys of a queue: how many runs have a slot, and priority and lane of the first that is held.
select j.value, (
    select count(*) from runs i
    where i.environment_id = :environment_id and i.queue = :name and i.is_ready in (0, 1)
      and coalesce(i.concurrency_key, '') = j.value and i.slot >= 3), r.priority, r.lane
from json_each(:keys) j left join runs r on r.rowid = (
  select i.rowid from runs i
  where i.environment_id = :environment_id and i.queue = :name and coalesce(i.concurrency_key, '') = j.value
    and i.slot = 1
  order by i.priority desc, i.lane, i.id limit 1);

-- name: claim_runs_of_queues
-- The same of a worker that takes from some queues only, its jobs' own (`own_names`) among them.
update runs set status = 'RUNNING', is_ready = false, lease = lease + 1, worker_id = :worker_id,
  claim_seq = :claim_seq, started_at = coalesce(started_at, :now), expires_at = null,
  deadline_at = coalesce(deadline_at, :now + max_duration),
  timer_at = coalesce(deadline_at, :now + max_duration)
where status = 'PENDING' and (expires_at is null or expires_at > :now) and id in (
  select r.id from runs r where r.rowid in (
    select c.rowid from json_each(:queues) q cross join json_each(:names) n join runs c on c.rowid in (
      select i.rowid from runs i
      where i.environment_id = :environment_id and i.queue = q.value and coalesce(i.job_id || '/' || i.pinned_version, i.job_id) = n.value
        and i.is_ready and i.queue <> i.job_id and i.lane between :first_lane and :last_lane
      order by i.priority desc, i.lane, i.available_at limit :slots)
    union all
    select c.rowid from json_each(:own_names) n join runs c on c.rowid in (
      select i.rowid from runs i
      where i.environment_id = :environment_id and coalesce(i.job_id || '/' || i.pinned_version, i.job_id) = n.value and i.is_ready
        and i.queue = i.job_id and i.lane between :first_lane and :last_lane
      order by i.priority desc, i.lane, i.available_at limit :slots))
  order by r.priority desc, r.lane, r.available_at limit :slots)
returning {run}, 'ALIVE';
