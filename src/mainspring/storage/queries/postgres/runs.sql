-- name: filter_runs
-- Those of some runs that pass the filters of a list, newest first. Where payloads are asked about: how long they are,
-- and those that may fit, for they have what is looked for, escapes that may hide it, or something encrypted.
select r.created_at, r.id, case when not :is_any_payload then octet_length(r.payload) end,
  case when not :is_any_payload and (strpos(r.payload, '\') > 0 or strpos(r.payload, cast(:sealed as text)) > 0
    or not exists (select 1 from unnest(:needles::text[]) n (value) where strpos(r.payload, n.value) = 0)) then r.payload end
from runs r
where r.id in each(:ids) and (r.environment_id = :environment_id) is true
  and (:is_any_status or r.status in each(:statuses)) is true
  and (cast(:job_id as text) is null or r.job_id = :job_id)
  and (cast(:version as text) is null or r.job_version = :version)
  and (cast(:schedule_id as text) is null or r.schedule_id = :schedule_id)
  and (cast(:event_id as text) is null or r.event_id = :event_id)
  and (cast(:error_id as text) is null or r.error_id = :error_id)
  and (cast(:event_name as text) is null
    or exists (select 1 from events e where e.id = r.event_id and (e.name = :event_name) is true))
  and (cast(:queue as text) is null or r.queue = :queue)
  and (cast(:parent_run_id as text) is null or r.parent_run_id = :parent_run_id)
  and (cast(:is_test as boolean) is null or r.is_test = :is_test)
  and (cast(:is_root as boolean) is null or (r.parent_run_id is null) = :is_root)
  and (cast(:id_prefix as text) is null or substr(r.id, 1, length(cast(:id_prefix as text))) = :id_prefix)
  and (:is_any_tag or jsonb_exists_all(r.tags::jsonb, :tags::text[]))
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
