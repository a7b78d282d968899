-- name: save_job
-- Keeps what a worker registered; a person's switch stays as it is.
insert into jobs (environment_id, id, spec, queue, enabled, updated_at)
values (:environment_id, :id, :spec, :queue, true, :now)
on conflict (environment_id, id) do update set spec = excluded.spec, queue = excluded.queue,
  updated_at = excluded.updated_at
where jobs.spec <> excluded.spec;

-- name: save_job_version
-- Keeps a version of a job that a worker registered.
insert into job_versions (environment_id, job_id, version, spec, registered_at, seen_at)
values (:environment_id, :job_id, :version, :spec, :now, :now)
on conflict (environment_id, job_id, version) do update set spec = excluded.spec, seen_at = excluded.seen_at;

-- name: versions_of_jobs
-- The versions of some jobs, the one that was registered last first.
select job_id, version, spec, registered_at, seen_at from job_versions
where environment_id = :environment_id and job_id in each(:job_ids) order by job_id, seen_at desc, version desc;

-- name: forget_triggers
-- Before a job's triggers are written anew.
delete from event_triggers where environment_id = :environment_id and job_id in each(:job_ids);

-- name: insert_trigger
-- One event name that a job listens for.
insert into event_triggers (environment_id, event_name, job_id, ordinal, filter, source)
values (:environment_id, :event_name, :job_id, :ordinal, :filter, :source);

-- name: jobs_by_ids
-- What is known of some jobs, and whether the queue of each is governed.
select j.id, j.spec, j.enabled, q.governed_at is not null
from jobs j left join queues q on q.environment_id = j.environment_id and q.name = j.queue
where j.environment_id = :environment_id and j.id in each(:ids);

-- name: enable_job
-- A person's switch.
update jobs set enabled = :enabled, updated_at = :now where environment_id = :environment_id and id = :id;

-- name: list_jobs
-- Every job of an environment.
select id, spec, enabled, updated_at from jobs where environment_id = :environment_id order by id;

-- name: last_runs_of_job
-- The newest runs of a job.
select id, status, started_at, finished_at from runs where environment_id = :environment_id and job_id = :job_id
order by created_at desc, id desc limit :limit;

-- name: all_job_ids
-- The ids of the jobs of all environments.
select distinct id from jobs order by id;

-- name: count_newest_of_job
-- The newest runs of a job by status.
select status, count(*) from (
  select status from runs where environment_id = :environment_id and job_id = :job_id
  order by created_at desc, id desc limit :limit) newest
group by status;
