-- name: newest_of_leased
-- The same that workers hold: never many; by that index, where the planner would go through all in their order.
select created_at, id from runs indexed by runs_leased
where worker_id is not null and environment_id = :environment_id and (created_at, id) < (:at, :before)
  and created_at >= :since
order by created_at desc, id desc limit :limit;

-- name: newest_of_event
-- The same that an event started.
select created_at, id from runs indexed by runs_by_event
where event_id = :event_id and environment_id = :environment_id and (created_at, id) < (:at, :before)
  and created_at >= :since
order by created_at desc, id desc limit :limit;

-- name: newest_of_parent
-- The same that another run started.
select created_at, id from runs indexed by runs_by_parent
where parent_run_id = :parent_run_id and environment_id = :environment_id and (created_at, id) < (:at, :before)
  and created_at >= :since
order by created_at desc, id desc limit :limit;

-- name: newest_of_prefix
-- Runs whose ids are between two: "+" has the planner not go through all runs of the environment.
select created_at, id from runs
where id >= :first and id <= :last and +environment_id = :environment_id
  and (+created_at, id) < (:at, :before) and +created_at >= :since
order by +created_at desc, id desc limit :limit;
