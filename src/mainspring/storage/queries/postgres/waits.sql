-- name: waits_on_channels
-- The same, each with its run held first: the run's row is the lock for what belongs to it.
select {wait:w} from runs r join waits w on w.run_id = r.id
where w.environment_id = :environment_id and w.channel in each(:channels)
order by r.id, w.created_at, w.task_key for update of r, w;

-- name: due_waits
-- The same, passing over runs that another server is changing; it looks at their waits itself.
select {wait:w} from runs r join waits w on w.run_id = r.id
where w.due_at <= :now order by w.due_at limit :limit for update of r, w skip locked;
