-- name: newest_of_all
-- Runs of an environment before a place of its list, newest first.
select created_at, id from runs
where environment_id = :environment_id and (created_at, id) < (:at, :before) and created_at >= :since
order by created_at desc, id desc limit :limit;

-- name: newest_of_job
-- The same of a job.
select created_at, id from runs
where environment_id = :environment_id and job_id = :job_id and (created_at, id) < (:at, :before)
  and created_at >= :since
order by created_at desc, id desc limit :limit;

-- name: newest_of_status
-- The same in a status; but SUCCESS, in which most end, and RUNNING have no index of their own.
select created_at, id from runs
where environment_id = :environment_id and status = :status and status <> 'SUCCESS'
  and status <> 'RUNNING' and (created_at, id) < (:at, :before) and created_at >= :since
order by created_at desc, id desc limit :limit;

-- name: newest_of_leased
-- The same that workers hold: never many, whatever there is.
select created_at, id from runs
where worker_id is not null and environment_id = :environment_id and (created_at, id) < (:at, :before)
  and created_at >= :since
order by created_at desc, id desc limit :limit;

-- name: newest_of_tag
-- The same that have, or once had, a tag.
select created_at, run_id from run_tags
where environment_id = :environment_id and tag = :tag and (created_at, run_id) < (:at, :before)
  and created_at >= :since
order by created_at desc, run_id desc limit :limit;

-- name: newest_of_event
-- The same that an event started.
select created_at, id from runs
where event_id = :event_id and environment_id = :environment_id and (created_at, id) < (:at, :before)
  and created_at >= :since
order by created_at desc, id desc limit :limit;

-- name: tag_run
-- Lets a run be found by a tag.
insert into run_tags (environment_id, tag, created_at, run_id)
select environment_id, :tag, created_at, id from runs where id = :run_id on conflict do nothing;

-- name: newest_of_schedule
-- The same that a schedule started.
select created_at, id from runs
where environment_id = :environment_id and schedule_id = :schedule_id and (created_at, id) < (:at, :before)
  and created_at >= :since
order by created_at desc, id desc limit :limit;
