-- name: filter_runs
-- Those of some runs that pass the filters of a list, newest first.
select {run:r} from runs r
where r.id in each(:ids) and (r.environment_id = :environment_id) is true
  and (:is_any_status or r.status in each(:statuses)) is true
  and (cast(:job_id as text) is null or r.job_id = :job_id)
  and (cast(:version as text) is null or r.job_version = :version)
  and (cast(:schedule_id as text) is null or r.schedule_id = :schedule_id)
  and (cast(:event_id as text) is null or r.event_id = :event_id)
  and (cast(:error_id as text) is null or r.error_id = :error_id)
  and (cast(:tag as text) is null or jsonb_exists(r.tags::jsonb, :tag))
order by r.created_at desc, r.id desc;

-- name: hold_with_parents
-- Runs that are reported on, and the parents of those that end: held in one order, the same on every server.
select id from runs
where id in each(:ids) or id = any(array(select parent_run_id from runs where id in each(:ending)))
order by id @lock;

-- name: known_runs
-- Runs that were triggered before, by their id: "is true" has the planner, which may know nothing of the table yet,
-- not go through all runs of the environment.
select {run} from runs where (environment_id = :environment_id) is true and id in each(:ids);

-- name: find_runs_to_change
-- Some runs of an environment, held for a change: "is true" as above.
select {run} from runs where (environment_id = :environment_id) is true and id in each(:ids) order by id @lock;

-- name: runs_by_keys
-- Runs that were triggered before, by the caller's idempotency key: "is true" as above.
select {run} from runs
where idempotency_key in each(:keys) and (environment_id = :environment_id and job_id in each(:job_ids)) is true;
