-- name: list_runs
-- A page of runs, newest first.
select {run:r} from runs r
where r.environment_id = :environment_id and r.id < :before
  and (cast(:status as text) is null or r.status = :status)
  and (cast(:job_id as text) is null or r.job_id = :job_id)
  and (cast(:event_id as text) is null or r.event_id = :event_id)
  and (cast(:since as bigint) is null or r.created_at >= :since)
  and (cast(:until as bigint) is null or r.created_at < :until)
  and (cast(:tag as text) is null or jsonb_exists(r.tags::jsonb, :tag))
order by r.id desc limit :limit;

-- name: hold_with_parents
-- Runs that are reported on, and the parents of those that end: held in one order, the same on every server.
select id from runs
where id in each(:ids) or id = any(array(select parent_run_id from runs where id in each(:ending)))
order by id @lock;
