-- name: claim_runs
-- Grants leases on the first claimable runs of what a worker takes: a few per name are looked at, whatever the backlog.
-- The worker is held once there is something for it, and not before: who finds nothing writes nothing.
update runs set status = 'RUNNING', is_ready = false, lease = lease + 1, worker_id = :worker_id,
  claim_seq = :claim_seq, started_at = coalesce(started_at, :now), expires_at = null,
  deadline_at = coalesce(deadline_at, :now + max_duration),
  timer_at = coalesce(deadline_at, :now + max_duration)
where (status = 'PENDING' and (expires_at is null or expires_at > :now)) is true and id in (
  select r.id from unnest(:names::text[]) n(name) cross join lateral (
    select i.id, i.priority, i.lane, i.available_at from runs i
    where i.environment_id = :environment_id and coalesce(i.job_id || '/' || i.pinned_version, i.job_id) = n.name and i.is_ready
      and i.lane between :first_lane and :last_lane
    order by i.priority desc, i.lane, i.available_at limit :slots for update skip locked) r
  order by r.priority desc, r.lane, r.available_at limit :slots)
returning {run}, (select w.status from workers w where w.id = :worker_id for update);

-- name: held_runs
-- The first held runs of some keys of a queue: some of each, in their order.
select j.key, r.id, r.name, r.priority, r.lane
from unnest(:keys::text[]) j(key) cross join lateral (
  select i.id, coalesce(i.job_id || '/' || i.pinned_version, i.job_id) as name, i.priority, i.lane from runs i
  where i.environment_id = :environment_id and i.queue = :name and coalesce(i.concurrency_key, '') = j.key
    and i.slot = 1
  order by i.priority desc, i.lane, i.id limit :limit for update skip locked) r
order by r.priority desc, r.lane, r.id;

-- name: key_states
-- Of some keys of a queue: how many runs have a slot, and priority and lane of the first that is held.
select j.key, (
    select count(*) from runs i
    where i.environment_id = :environment_id and i.queue = :name and i.is_ready in (false, true)
      and coalesce(i.concurrency_key, '') = j.key and i.slot >= 3), r.priority, r.lane
from unnest(:keys::text[]) j(key) left join lateral (
  select i.priority, i.lane from runs i
  where i.environment_id = :environment_id and i.queue = :name and coalesce(i.concurrency_key, '') = j.key
    and i.slot = 1
  order by i.priority desc, i.lane, i.id limit 1) r on true;

-- name: claim_runs_of_queues
-- The same of a worker that takes from some queues only, its jobs' own (`own_names`) among them.
update runs set status = 'RUNNING', is_ready = false, lease = lease + 1, worker_id = :worker_id,
  claim_seq = :claim_seq, started_at = coalesce(started_at, :now), expires_at = null,
  deadline_at = coalesce(deadline_at, :now + max_duration),
  timer_at = coalesce(deadline_at, :now + max_duration)
where (status = 'PENDING' and (expires_at is null or expires_at > :now)) is true and id in (
  select r.id from (
    select a.id, a.priority, a.lane, a.available_at
    from unnest(:queues::text[]) q(name) cross join unnest(:names::text[]) n(name) cross join lateral (
      select i.id, i.priority, i.lane, i.available_at from runs i
      where i.environment_id = :environment_id and i.queue = q.name and coalesce(i.job_id || '/' || i.pinned_version, i.job_id) = n.name
        and i.is_ready and i.queue <> i.job_id and i.lane between :first_lane and :last_lane
      order by i.priority desc, i.lane, i.available_at limit :slots for update skip locked) a
    union all
    select b.id, b.priority, b.lane, b.available_at from unnest(:own_names::text[]) n(name) cross join lateral (
      select i.id, i.priority, i.lane, i.available_at from runs i
      where i.environment_id = :environment_id and coalesce(i.job_id || '/' || i.pinned_version, i.job_id) = n.name and i.is_ready
        and i.queue = i.job_id and i.lane between :first_lane and :last_lane
      order by i.priority desc, i.lane, i.available_at limit :slots for update skip locked) b) r
  order by r.priority desc, r.lane, r.available_at limit :slots)
returning {run}, (select w.status from workers w where w.id = :worker_id for update);
