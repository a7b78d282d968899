-- name: filter_runs
-- Those of some runs that pass the filters of a list, newest first. Where payloads are asked about: how long they are,
-- and those that may fit, for they have what is looked for, escapes that may hide it, or something encrypted.
select r.created_at, r.id, case when not :is_any_payload then length(r.payload) end,
  case when not :is_any_payload and (instr(r.payload, '\') > 0 or instr(r.payload, cast(:sealed as text)) > 0
    or not exists (select 1 from json_each(:needles) n where instr(r.payload, n.value) = 0)) then r.payload end
from runs r
where r.id in each(:ids) and +r.environment_id = :environment_id
  and (:is_any_status or r.status in each(:statuses))
  and (cast(:job_id as text) is null or r.job_id = :job_id)
  and (cast(:version as text) is null or r.job_version = :version)
  and (cast(:schedule_id as text) is null or r.schedule_id = :schedule_id)
  and (cast(:event_id as text) is null or r.event_id = :event_id)
  and (cast(:error_id as text) is null or r.error_id = :error_id)
  and (cast(:event_name as text) is null
    or exists (select 1 from events e where e.id = r.event_id and +e.name = :event_name))
  and (cast(:queue as text) is null or r.queue = :queue)
  and (cast(:parent_run_id as text) is null or r.parent_run_id = :parent_run_id)
  and (cast(:is_test as boolean) is null or r.is_test = :is_test)
  and (cast(:is_root as boolean) is null or (r.parent_run_id is null) = :is_root)
  and (cast(:id_prefix as text) is null or substr(r.id, 1, length(cast(:id_prefix as text))) = :id_prefix)
  and (:is_any_tag or not exists (select 1 from json_each(:tags) t where t.value not in (select value from json_each(r.tags))))
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
