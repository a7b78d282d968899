-- name: count_running
-- How many runs workers hold, of a job or of all; by the index of these, never many.
select count(*) from runs indexed by runs_leased
where worker_id is not null and environment_id = :environment_id
  and (cast(:job_id as text) is null or job_id = :job_id);

-- name: next_schedules
-- The schedules that come next; in the order of their slots, where the planner would sort them all.
select id, job_id, next_at from schedules indexed by due_schedules
where environment_id = :environment_id and next_at is not null
  and (cast(:job_id as text) is null or job_id = :job_id)
order by next_at limit :limit;
