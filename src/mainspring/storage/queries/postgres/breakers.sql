-- name: held_by_breaker
-- The same, each with its run held first, passing over runs that another server is changing.
select {wait:w} from runs r join waits w on w.run_id = r.id
where w.environment_id = :environment_id and w.kind = 'breaker' and w.channel = :channel
order by w.created_at, w.run_id limit :limit for update of r, w skip locked;
