-- name: claim_runs
-- Grants leases on the first claimable runs of a worker's jobs: a few per job are looked at, whatever the backlog.
update runs set status = 'RUNNING', is_ready = false, lease = lease + 1, worker_id = :worker_id,
  claim_seq = :claim_seq, started_at = coalesce(started_at, :now), expires_at = null,
  deadline_at = coalesce(deadline_at, :now + max_duration),
  timer_at = coalesce(deadline_at, :now + max_duration)
where status = 'PENDING' and (expires_at is null or expires_at > :now) and id in (
  select r.id from unnest(:job_ids::text[]) j(job_id) cross join lateral (
    select i.id, i.priority, i.lane, i.available_at from runs i
    where i.environment_id = :environment_id and i.job_id = j.job_id and i.is_ready
      and i.lane between :first_lane and :last_lane
    order by i.priority desc, i.lane, i.available_at limit :slots for update skip locked) r
  order by r.priority desc, r.lane, r.available_at limit :slots)
returning {run};
