-- name: waits_on_channels
-- The same, each with its run held first: the run's row is the lock for what belongs to it.
select {wait:w} from runs r join waits w on w.run_id = r.id
where w.environment_id = :environment_id and w.channel in each(:channels)
order by r.id, w.created_at, w.task_key for update of r, w;

-- name: due_waits
-- The same, passing over runs that another server is changing; it looks at their waits itself.
select {wait:w} from runs r join waits w on w.run_id = r.id
where w.due_at <= :now order by w.due_at limit :limit for update of r, w skip locked;

-- name: speak_on_channels
-- Whoever announces something, until it commits: beside others who do, but not beside those who begin to listen.
select pg_advisory_xact_lock_shared(lock) from (
  select distinct hashtextextended(:environment_id || ' ' || channel, 0) as lock
  from unnest(:channels::text[]) channel order by lock) locks;

-- name: hear_channels
-- Whoever begins to listen, until it commits: what is announced meanwhile comes before or after, never unheard.
select pg_advisory_xact_lock(lock) from (
  select distinct hashtextextended(:environment_id || ' ' || channel, 0) as lock
  from unnest(:channels::text[]) channel order by lock) locks;

-- name: waits_for_several
-- The same, each looked up by itself: hardly ever does anybody wait, and those who wait for other things are many.
select {wait:w} from (
  select distinct run_id, task_key from awaited_runs where target_run_id in each(:target_run_ids)
  order by run_id, task_key) a cross join lateral (
  select {wait:i} from runs r join waits i on i.run_id = r.id
  where r.id = a.run_id and i.run_id = a.run_id and i.task_key = a.task_key and i.kind = 'runs' for update of r, i) w
order by w.run_id, w.task_key;
