-- name: failures_of_runs
-- What some runs failed with, and when; of those that are not counted yet.
select id, environment_id, job_id, job_version, failure, finished_at from runs
where id in each(:ids) and (error_id is null and status in ('FAILED', 'TIMED_OUT')) is true order by id;

-- name: uncounted_failures
-- The same of runs that failed before failures were counted; what another server is at is left to it.
select id, environment_id, job_id, job_version, failure, finished_at from runs
where error_id is null and status in ('FAILED', 'TIMED_OUT') order by id limit :limit @skip_locked;

-- name: failures_of_tasks
-- What tasks of some runs failed with.
select run_id, key, failure from tasks where run_id in each(:run_ids) and key in each(:keys) and failure is not null;

-- name: mark_error
-- The group that the failure of a run belongs to.
update runs set error_id = :error_id where id = :id;

-- name: insert_error
-- A group that was not there.
insert into errors ({error}) values ({:error}) on conflict (id) do nothing;

-- name: errors_to_change
-- Some groups, held for a change, in one order on every server.
select {error} from errors where id in each(:ids) order by id @lock;

-- name: save_error
-- A group as what was seen or said of it leaves it.
update errors set message = :message, status = :status, runs = :runs, first_seen_at = :first_seen_at,
  last_seen_at = :last_seen_at, last_run_id = :last_run_id, resolved_at = :resolved_at, resolved_by = :resolved_by,
  ignored_at = :ignored_at, ignored_by = :ignored_by, ignored_until = :ignored_until, ignored_runs = :ignored_runs,
  came_back_at = :came_back_at, changes = :changes
where id = :id;

-- name: count_error_hour
-- So many more failures of a group in an hour.
insert into error_hours (error_id, at, runs) values (:error_id, :at, :runs)
on conflict (error_id, at) do update set runs = error_hours.runs + excluded.runs;

-- name: count_error_version
-- So many more failures of a group in a version of its job.
insert into error_versions (error_id, version, runs, first_seen_at, last_seen_at)
values (:error_id, :version, :runs, :first_at, :last_at)
on conflict (error_id, version) do update set runs = error_versions.runs + excluded.runs,
  first_seen_at = case when excluded.first_seen_at < error_versions.first_seen_at then excluded.first_seen_at
    else error_versions.first_seen_at end,
  last_seen_at = case when excluded.last_seen_at > error_versions.last_seen_at then excluded.last_seen_at
    else error_versions.last_seen_at end;

-- name: insert_error_change
-- What befell a group.
insert into error_changes ({error_change}) values ({:error_change});

-- name: due_errors
-- Groups whose being ignored is over; one that another server is changing is looked at next time.
select {error} from errors where ignored_until <= :now order by ignored_until limit :limit @skip_locked;

-- name: next_error_at
-- When the next of them is.
select min(ignored_until) from errors where ignored_until is not null;

-- name: errors_of_runs
-- The groups of some runs.
select id, error_id from runs where id in each(:ids) and error_id is not null;

-- name: find_error
-- One group of an environment.
select {error} from errors where id = :id and environment_id = :environment_id;

-- name: newest_errors
-- Groups of an environment before a place of its list, seen last first.
select {error} from errors
where environment_id = :environment_id and (last_seen_at, id) < (:at, :before) and last_seen_at >= :since
order by last_seen_at desc, id desc limit :limit;

-- name: newest_errors_of_status
-- The same that stand so.
select {error} from errors
where environment_id = :environment_id and status = :status and (last_seen_at, id) < (:at, :before)
  and last_seen_at >= :since
order by last_seen_at desc, id desc limit :limit;

-- name: newest_errors_of_job
-- The same of a job.
select {error} from errors
where environment_id = :environment_id and job_id = :job_id and (last_seen_at, id) < (:at, :before)
  and last_seen_at >= :since
order by last_seen_at desc, id desc limit :limit;

-- name: hours_of_errors
-- How many failures of some groups there were in each span of time from an instant on.
select error_id, (at - cast(:since as bigint)) / cast(:every as bigint), sum(runs) from error_hours
where error_id in each(:ids) and at >= :since group by 1, 2;

-- name: versions_of_error
-- The versions of its job that a group was seen in, the latest first.
select version, runs, first_seen_at, last_seen_at from error_versions where error_id = :error_id
order by last_seen_at desc, version limit :limit;

-- name: changes_of_error
-- What befell a group, the latest first.
select {error_change} from error_changes where error_id = :error_id order by number desc limit :limit;

-- name: newest_of_error
-- Runs of a group before a place of the list of runs, newest first.
select created_at, id from runs
where error_id = :error_id and (environment_id = :environment_id) is true and (created_at, id) < (:at, :before)
  and created_at >= :since
order by created_at desc, id desc limit :limit;
