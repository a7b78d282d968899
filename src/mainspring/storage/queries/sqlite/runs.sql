-- name: filter_runs
-- Those of some runs that pass the filters of a list, newest first.
select {run:r} from runs r
where r.id in each(:ids) and +r.environment_id = :environment_id
  and (:is_any_status or r.status in each(:statuses))
  and (cast(:job_id as text) is null or r.job_id = :job_id)
  and (cast(:version as text) is null or r.job_version = :version)
  and (cast(:schedule_id as text) is null or r.schedule_id = :schedule_id)
  and (cast(:event_id as text) is null or r.event_id = :event_id)
  and (cast(:error_id as text) is null or r.error_id = :error_id)
  and (cast(:tag as text) is null or exists (select 1 from json_each(r.tags) where value = :tag))
order by r.created_at desc, r.id desc;

-- name: known_runs
-- Runs that were triggered before, by their id: "+" has the planner not go through all runs of the environment.
select {run} from runs where +environment_id = :environment_id and id in each(:ids);

-- name: find_runs_to_change
-- Some runs of an environment, held for a change: "+" as above.
select {run} from runs where +environment_id = :environment_id and id in each(:ids) order by id;

-- name: hold_with_parents
-- Runs that are reported on, and the parents of those that end: here the write transaction holds everything.
select 1 where :ids is not null and :ending is not null;
