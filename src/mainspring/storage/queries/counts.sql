-- name: count_ended
-- Adds runs that ended in this transaction to the counts of their minute.
insert into run_counts (environment_id, width, at, job_id, status, lasted, part, runs)
select environment_id, 60000000, finished_at - finished_at % 60000000, job_id, status, lasted, cast(:part as bigint),
  count(*)
from ended_runs where id in each(:ids) and finished_at = :now
group by environment_id, finished_at - finished_at % 60000000, job_id, status, lasted
on conflict (environment_id, width, at, job_id, status, lasted, part)
do update set runs = run_counts.runs + excluded.runs;

-- name: oldest_counts
-- Where the oldest stretch of this width begins.
select min(at) from run_counts where width = :width;

-- name: take_counts
-- Takes the counts of a stretch away; whoever comes second finds none.
delete from run_counts where width = :width and at = :at
returning environment_id, job_id, status, lasted, runs;

-- name: add_counts
-- Adds to the counts of a longer stretch what was taken from a shorter one.
insert into run_counts (environment_id, width, at, job_id, status, lasted, part, runs)
values (:environment_id, :width, :at, :job_id, :status, :lasted, 0, :runs)
on conflict (environment_id, width, at, job_id, status, lasted, part)
do update set runs = run_counts.runs + excluded.runs;

-- name: counts_by_time
-- How many ended in each stretch of a chart, by how they ended and how long they took.
select at - at % cast(:bucket as bigint), status, lasted, cast(sum(runs) as bigint) from run_counts
where environment_id = :environment_id and width = :width and at >= :since
  and (cast(:job_id as text) is null or job_id = :job_id)
group by 1, 2, 3;

-- name: counts_by_job
-- The same for each job, over the whole time.
select job_id, status, lasted, cast(sum(runs) as bigint) from run_counts
where environment_id = :environment_id and width = :width and at >= :since
  and (cast(:job_id as text) is null or job_id = :job_id)
group by 1, 2, 3;

-- name: count_standing
-- How many runs stand still like this, counted up to a bound.
select count(*) from (
  select 1 from runs where environment_id = :environment_id and status = :status and status <> 'SUCCESS'
    and status <> 'RUNNING' limit :most) standing;

-- name: count_standing_of_job
-- The same of a job: among the newest that stand so, looked through up to a bound.
select count(*) from (
  select job_id from runs where environment_id = :environment_id and status = :status and status <> 'SUCCESS'
    and status <> 'RUNNING' order by created_at desc, id desc limit :most) standing where job_id = :job_id;

-- name: count_running
-- How many runs workers hold, of a job or of all.
select count(*) from runs
where worker_id is not null and (environment_id = :environment_id) is true
  and (cast(:job_id as text) is null or job_id = :job_id);

-- name: count_waits_for_people
-- How many tasks wait for a person or for whoever has a token, counted up to a bound.
select count(*) from (
  select 1 from waits where environment_id = :environment_id and kind = :kind
    and kind in ('approval', 'token') limit :most) waiting;

-- name: next_schedules
-- The schedules that come next.
select id, job_id, next_at from schedules
where environment_id = :environment_id and next_at is not null
  and (cast(:job_id as text) is null or job_id = :job_id)
order by next_at limit :limit;

-- name: next_slots_of_jobs
-- When each of some jobs is started by a schedule next.
select job_id, min(next_at) from schedules
where environment_id = :environment_id and job_id in each(:job_ids) and next_at is not null group by job_id;

-- name: audit_counts
-- What the counts say of each day.
select environment_id, at - at % 86400000000, job_id, status, lasted, cast(sum(runs) as bigint) from run_counts
group by 1, 2, 3, 4, 5;

-- name: audit_ended
-- What the runs say of it.
select environment_id, finished_at - finished_at % 86400000000, job_id, status, lasted, count(*) from ended_runs
group by 1, 2, 3, 4, 5;

-- name: forget_counts
-- Before an environment is counted anew.
delete from run_counts where environment_id = :environment_id;

-- name: count_anew
-- Counts every run of an environment that has ended: the last hours by the minute, the rest by the half hour.
insert into run_counts (environment_id, width, at, job_id, status, lasted, part, runs)
select environment_id, width, finished_at - finished_at % width, job_id, status, lasted, 0, count(*)
from (
  select environment_id, job_id, status, lasted, finished_at,
    case when finished_at >= :recent then 60000000 else 1800000000 end as width
  from ended_runs where environment_id = :environment_id) ended
group by 1, 2, 3, 4, 5, 6;
