-- name: insert_breaker
-- A breaker that nobody used before.
insert into breakers ({breaker}) values ({:breaker}) on conflict (environment_id, name) do nothing;

-- name: breakers_to_change
-- Some breakers of an environment, held for a change, in one order on every server.
select {breaker} from breakers where environment_id = :environment_id and name in each(:names) order by name @lock;

-- name: breakers_by_names
-- Some breakers of an environment.
select {breaker} from breakers where environment_id = :environment_id and name in each(:names);

-- name: list_breakers
-- The breakers of an environment by name, or one, each with how many tasks it holds and which of them is the first.
select {breaker:b},
  (select count(*) from waits w
    where w.environment_id = b.environment_id and w.kind = 'breaker' and w.channel = 'breaker:' || b.name),
  (select w.run_id from waits w
    where w.environment_id = b.environment_id and w.kind = 'breaker' and w.channel = 'breaker:' || b.name
    order by w.created_at, w.run_id limit 1)
from breakers b
where b.environment_id = :environment_id and (cast(:name as text) is null or b.name = :name) order by b.name;

-- name: save_breaker
-- A breaker as what was told of it leaves it.
update breakers set failures = :failures, reset = :reset, failed = :failed, epoch = :epoch, opened_at = :opened_at,
  opened_by = :opened_by, probe_at = :probe_at, probe_run_id = :probe_run_id, probe_task_key = :probe_task_key,
  probe_lease = :probe_lease, timer_at = :timer_at
where environment_id = :environment_id and name = :name;

-- name: due_breakers
-- Breakers that the engine must look at now; one that another server is changing is looked at next time.
select {breaker} from breakers where timer_at <= :now order by timer_at limit :limit @skip_locked;

-- name: next_breaker_at
-- When the next breaker needs a look.
select min(timer_at) from breakers where timer_at is not null;

-- name: probe_at_work
-- Whether an attempt that was let in alone is still under the lease it was let in under.
select r.id from runs r join tasks t on t.run_id = r.id and t.key = :task_key
where r.id = :run_id and r.lease = :lease and r.status = 'RUNNING' and t.status = 'RUNNING';

-- name: held_by_breaker
-- Those whom a breaker holds, the oldest first.
select {wait} from waits where environment_id = :environment_id and kind = 'breaker' and channel = :channel
order by created_at, run_id limit :limit;

-- name: is_held_by_breaker
-- Whether a breaker holds anybody.
select run_id from waits where environment_id = :environment_id and kind = 'breaker' and channel = :channel limit 1;

-- name: count_breaker_waits_before
-- How many tasks a breaker holds that came before one.
select count(*) from waits where environment_id = :environment_id and kind = 'breaker' and channel = :channel
  and (created_at < :created_at or (created_at = :created_at and run_id < :run_id));
