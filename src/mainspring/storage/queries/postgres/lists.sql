-- name: newest_of_parent
-- Runs that another run started, newest first: "is true" has the planner not go through all runs of the environment.
select created_at, id from runs
where parent_run_id = :parent_run_id and (environment_id = :environment_id) is true
  and (created_at, id) < (:at, :before) and created_at >= :since
order by created_at desc, id desc limit :limit;

-- name: newest_of_prefix
-- Runs whose ids are between two, newest first: ids are of one length, of digits and capitals, and sort alike in every
-- collation. "is true" as above.
select created_at, id from runs
where id >= :first and id <= :last and (environment_id = :environment_id) is true
  and (created_at, id) < (:at, :before) and created_at >= :since
order by created_at desc, id desc limit :limit;
