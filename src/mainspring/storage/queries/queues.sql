-- name: insert_queue
-- A queue that is not known yet.
insert into queues ({queue}) values ({:queue}) on conflict (environment_id, name) do nothing;

-- name: queues_to_change
-- Some queues of an environment, held for a change, in one order on every server.
select {queue} from queues where environment_id = :environment_id and name in each(:names) order by name @lock;

-- name: queues_by_names
-- Some queues of an environment.
select {queue} from queues where environment_id = :environment_id and name in each(:names);

-- name: save_queue
-- A queue as admission leaves it.
update queues set declared = :declared, changed = :changed, is_keyed = :is_keyed, is_shared = :is_shared,
  governed_at = :governed_at, paused_at = :paused_at, paused_by = :paused_by, turn = :turn,
  spent_until = :spent_until, timer_at = :timer_at
where environment_id = :environment_id and name = :name;

-- name: due_queues
-- Queues that admission must look at now.
select environment_id, name from queues where timer_at <= :now order by timer_at limit :limit;

-- name: next_queue_at
-- When the next queue needs a look.
select min(timer_at) from queues where timer_at is not null;

-- name: slots_of_queue
-- How many runs of a queue have a slot, and how many of these nobody has claimed yet.
select (select count(*) from runs where environment_id = :environment_id and queue = :name and slot >= 3),
  (select count(*) from runs where environment_id = :environment_id and queue = :name and slot >= 3 and is_ready);

-- name: ready_of_queue
-- How many runs of a queue were admitted and not claimed yet.
select count(*) from runs where environment_id = :environment_id and queue = :name and slot >= 3 and is_ready;

-- name: hold_ready
-- A queue is governed from now on: what could be claimed is held back.
update runs set is_ready = false, slot = 1
where environment_id = :environment_id and queue = :name and is_ready and slot = 0
  and coalesce(job_id || '/' || pinned_version, job_id) in (
    select id from jobs where environment_id = :environment_id union all
    select job_id || '/' || version from job_versions where environment_id = :environment_id);

-- name: count_leases
-- The same: what runs already has a slot.
update runs set slot = 3
where worker_id in (select id from workers where environment_id = :environment_id and status <> 'GONE')
  and queue = :name and slot = 0 and status = 'RUNNING';

-- name: take_back
-- What was admitted and not claimed yet is held again, until the limits that count now admit it.
update runs set is_ready = false, slot = 1
where environment_id = :environment_id and queue = :name and slot >= 3 and is_ready;

-- name: let_go
-- A queue is governed no more: whatever is held may be claimed.
update runs set is_ready = true, slot = 0
where environment_id = :environment_id and queue = :name and slot in (1, 2) and status = 'PENDING';

-- name: forget_slots
-- The same: nobody counts.
update runs set slot = 0 where environment_id = :environment_id and queue = :name and slot >= 3;

-- name: grant_slot
-- A run is admitted; from now on it may start.
update runs set is_ready = true, slot = :slot, available_at = :available_at
where id = :id and (slot = 1 and status = 'PENDING') is true;

-- name: set_aside
-- Held runs that no live worker takes leave the line, for they would stand in the way of others.
update runs set slot = 2 where id in each(:ids) and (slot = 1) is true;

-- name: call_back
-- A worker came that takes runs by these names: they stand in the line again.
update runs set slot = 1
where environment_id = :environment_id and coalesce(job_id || '/' || pinned_version, job_id) in each(:names) and slot = 2
returning queue, coalesce(concurrency_key, '');

-- name: give_up_slots
-- Workers went that took runs by these names: what was admitted and not claimed gives its slot back.
update runs set is_ready = false, slot = 1
where environment_id = :environment_id and coalesce(job_id || '/' || pinned_version, job_id) in each(:names) and is_ready and slot >= 3
returning queue, coalesce(concurrency_key, '');

-- name: is_any_held
-- Whether a queue holds runs back.
select 1 from runs where environment_id = :environment_id and queue = :name and slot = 1 limit 1;

-- name: line_of_queue
-- Whether a queue holds runs back, and whether keys of it are known to.
select exists(select 1 from runs where environment_id = :environment_id and queue = :name and slot = 1),
  exists(select 1 from queue_keys where environment_id = :environment_id and queue = :name and has_held);

-- name: held_keys
-- The concurrency keys of which a queue holds runs back.
select distinct coalesce(concurrency_key, '') from runs
where environment_id = :environment_id and queue = :name and slot = 1;

-- name: keys_by_names
-- Some concurrency keys of a queue.
select {queue_key} from queue_keys where environment_id = :environment_id and queue = :name and key in each(:keys);

-- name: open_keys
-- The next keys in the order of their turns that have held runs and room.
select {queue_key} from queue_keys
where environment_id = :environment_id and queue = :name and is_open
order by priority desc, lane, turn limit :limit;

-- name: opening_keys
-- Keys whose rate allows a run again.
select key from queue_keys
where environment_id = :environment_id and queue = :name and opens_at <= :now order by opens_at limit :limit;

-- name: next_key_at
-- When the rate of a key allows the next run.
select min(opens_at) from queue_keys
where environment_id = :environment_id and queue = :name and opens_at is not null;

-- name: save_queue_key
-- A concurrency key as admission leaves it.
insert into queue_keys ({queue_key}) values ({:queue_key})
on conflict (environment_id, queue, key) do update set has_held = excluded.has_held,
  priority = excluded.priority, lane = excluded.lane, turn = excluded.turn, spent_until = excluded.spent_until,
  is_open = excluded.is_open, opens_at = excluded.opens_at;

-- name: forget_idle_keys
-- Keys without held runs of which nothing needs to be remembered: their turn is over and their rate unspent.
delete from queue_keys
where environment_id = :environment_id and queue = :name and not has_held and turn <= :turn and spent_until <= :now;

-- name: forget_keys
-- A queue is governed no more.
delete from queue_keys where environment_id = :environment_id and queue = :name;

-- name: served_names
-- What live workers take, as lists: jobs, versions of these, jobs left to newer ones, and the queues they take from.
select distinct job_ids, versions, superseded, queues from workers where environment_id = :environment_id and status = 'ALIVE';

-- name: environment_limit
-- How many leases an environment may hold, held so that servers grant one after the other; null: no limit.
select max_leases from environments where id = :environment_id @lock;

-- name: count_leases_of_environment
-- How many runs of an environment workers hold.
select count(*) from workers w join runs r on r.worker_id = w.id
where w.environment_id = :environment_id and w.status <> 'GONE';

-- name: set_environment_limit
-- An operator says how many leases an environment may hold.
update environments set max_leases = :max_leases where id = :environment_id;

-- name: list_queues
-- The queues of an environment, or one of them.
select {queue} from queues
where environment_id = :environment_id and (cast(:name as text) is null or name = :name) order by name;

-- name: held_by_queue
-- How many runs each queue holds back, and since when the oldest of them is there.
select h.queue, h.count, (select r.created_at from runs r where r.id = h.first) from (
  select queue, count(*) as count, min(id) as first from runs
  where environment_id = :environment_id and slot = 1 and (cast(:name as text) is null or queue = :name)
  group by queue) h;

-- name: unserved_by_queue
-- The same of runs that are set aside because no live worker has their job.
select queue, count(*), min(created_at) from runs
where environment_id = :environment_id and slot = 2 and (cast(:name as text) is null or queue = :name)
group by queue;

-- name: ready_by_queue
-- The same of runs that may be claimed, and how many of these have a slot.
select queue, count(*), min(created_at), sum(case when slot >= 3 then 1 else 0 end) from runs
where environment_id = :environment_id and is_ready and (cast(:name as text) is null or queue = :name)
group by queue;

-- name: running_by_queue
-- How many runs of each queue workers hold.
select r.queue, count(*) from workers w join runs r on r.worker_id = w.id
where w.environment_id = :environment_id and w.status <> 'GONE'
  and (cast(:name as text) is null or r.queue = :name)
group by r.queue;

-- name: keys_with_slots
-- The concurrency keys of a queue that have slots, those with most first.
select coalesce(concurrency_key, ''), count(*) from runs
where environment_id = :environment_id and queue = :name and slot >= 3
group by coalesce(concurrency_key, '') order by count(*) desc, coalesce(concurrency_key, '') limit :limit;

-- name: queue_holders
-- A page of the runs that have slots of a queue, by id.
select id, job_id, coalesce(concurrency_key, ''), status, priority, lane, created_at from runs
where environment_id = :environment_id and queue = :name and slot >= 3 and is_ready in (false, true) and id > :after
order by id limit :limit;

-- name: queue_line
-- A page of the held runs of one key of a queue, in their order.
select id, job_id, coalesce(concurrency_key, ''), status, priority, lane, created_at from runs
where environment_id = :environment_id and queue = :name and coalesce(concurrency_key, '') = :key and slot = 1
  and (priority < :priority or (priority = :priority and (lane > :lane or (lane = :lane and id > :after))))
order by priority desc, lane, id limit :limit;

-- name: queue_heads
-- The first held run of each key of a queue, keys in the order of their turns, those that have no room last.
select r.id, r.job_id, k.key, r.status, r.priority, r.lane, r.created_at
from queue_keys k join runs r on r.id = (
  select h.id from runs h
  where h.environment_id = k.environment_id and h.queue = k.queue and coalesce(h.concurrency_key, '') = k.key
    and h.slot = 1
  order by h.priority desc, h.lane, h.id limit 1)
where k.environment_id = :environment_id and k.queue = :name and k.has_held
order by k.is_open desc, k.priority desc, k.lane, k.turn, k.key limit :limit offset :passed;

-- name: holders_of_slots
-- The first runs that have slots of a queue.
select id from runs where environment_id = :environment_id and queue = :name and slot >= 3 order by id limit :limit;

-- name: holders_of_key
-- The same of one concurrency key.
select id from runs
where environment_id = :environment_id and queue = :name and is_ready in (false, true)
  and coalesce(concurrency_key, '') = :key and slot >= 3
order by id limit :limit;

-- name: count_held_before
-- How many held runs of the same key stand before one, counted up to a limit.
select count(*) from (select 1 from runs
  where environment_id = :environment_id and queue = :name and coalesce(concurrency_key, '') = :key and slot = 1
    and (priority > :priority or (priority = :priority and (lane < :lane or (lane = :lane and id < :id))))
  limit :limit) before;

-- name: recent_durations
-- How long the last runs of a job before one took.
select finished_at - started_at from (
  select finished_at, started_at from runs
  where environment_id = :environment_id and job_id = :job_id and id < :before order by id desc limit :limit) recent
where finished_at is not null and started_at is not null;

-- name: first_held
-- The oldest run that a queue holds back.
select min(id) from runs where environment_id = :environment_id and queue = :name and slot = 1;

-- name: max_leases
-- How many leases an environment may hold; null: any number.
select max_leases from environments where id = :environment_id;
