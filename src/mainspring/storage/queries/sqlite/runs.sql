-- name: list_runs
-- A page of runs, newest first.
select {run:r} from runs r
where r.environment_id = :environment_id and r.id < :before
  and (cast(:status as text) is null or r.status = :status)
  and (cast(:job_id as text) is null or r.job_id = :job_id)
  and (cast(:event_id as text) is null or r.event_id = :event_id)
  and (cast(:since as bigint) is null or r.created_at >= :since)
  and (cast(:until as bigint) is null or r.created_at < :until)
  and (cast(:tag as text) is null or exists (select 1 from json_each(r.tags) where value = :tag))
order by r.id desc limit :limit;

-- name: hold_with_parents
-- Runs that are reported on, and the parents of those that end: here the write transaction holds everything.
select 1 where :ids is not null and :ending is not null;
