-- name: bulk_ended_runs
-- Runs as a long time of use leaves them, for measurements: number `n` began `every` after its neighbour.
insert into runs (id, environment_id, job_id, job_version, status, payload, output, failure, event_id, queue, priority,
  tags, metadata, is_test, attempt, max_attempts, crashes, lease, claim_seq, is_ready, lane, notices, noticed,
  created_at, available_at, started_at, finished_at)
with recursive numbers (n) as (
  select cast(:first as bigint) union all select n + 1 from numbers where n < cast(:last as bigint))
select 'run_0000000000' || cast(1000000000000000 + n as text), :environment_id,
  case when n < 40 then 'seldom' when n % 20 = 0 then 'one-task' else 'many-tasks' end, '0.0.1',
  case when n % 200 = 7 then 'FAILED' when n % 5000 = 11 then 'CANCELLED' when n % 100000 = 13 then 'TIMED_OUT'
    when n < 20 then 'EXPIRED' else 'SUCCESS' end,
  replace(replace(cast(:payload as text), '#n', cast(n as text)), '#m', cast(n % 500 as text)), '1',
  case when n % 200 = 7 then :failure end,
  case when n % 10 = 0 then 'evt_0000000000' || cast(1000000000000000 + n as text) end, 'many-tasks', 0,
  case when n < 30 then '["first","vip"]' when n % 10 = 3 then '["vip"]' else '[]' end, :metadata, :no, 1, 3, 0, 1, 1, :no, 1,
  0, 0, :began_at + n * :every, :began_at + n * :every, :began_at + n * :every, :began_at + n * :every + 1000
from numbers;

-- name: bulk_tags
-- What such runs are found by.
insert into run_tags (environment_id, tag, created_at, run_id)
with recursive numbers (n) as (
  select cast(:first as bigint) union all select n + 1 from numbers where n < cast(:last as bigint)),
tags (tag) as (select 'vip' union all select 'first')
select :environment_id, tag, :began_at + n * :every, 'run_0000000000' || cast(1000000000000000 + n as text)
from numbers cross join tags where n < 30 or (tag = 'vip' and n % 10 = 3);

-- name: bulk_tasks
-- The tasks of such runs, so many each.
insert into tasks (run_id, environment_id, key, kind, name, fingerprint, status, attempt, output, position, started_at,
  finished_at)
with recursive numbers (n) as (
  select cast(:first as bigint) union all select n + 1 from numbers where n < cast(:last as bigint)),
ordinals (k) as (select 1 union all select k + 1 from ordinals where k < cast(:tasks as bigint))
select 'run_0000000000' || cast(1000000000000000 + n as text), :environment_id,
  case when k = 1 then 'one' else 'one#' || cast(k as text) end, 'task', 'one', 'e0ec0ced3494a173', 'SUCCESS', 1, '1', k,
  :began_at + n * :every + k, :began_at + n * :every + k + 1
from numbers cross join ordinals where k <= cast(:tasks as bigint);

-- name: bulk_history
-- The account of such runs: made, begun, its tasks completed, ended.
insert into history (environment_id, run_id, at, kind, task_key, attempt)
with recursive numbers (n) as (
  select cast(:first as bigint) union all select n + 1 from numbers where n < cast(:last as bigint)),
ordinals (k) as (select -1 union all select k + 1 from ordinals where k < cast(:tasks as bigint) + 1)
select :environment_id, 'run_0000000000' || cast(1000000000000000 + n as text), :began_at + n * :every + k,
  case when k = -1 then 'RUN_CREATED' when k = 0 then 'JOB_STARTED' when k > cast(:tasks as bigint) then 'JOB_COMPLETED'
    else 'TASK_COMPLETED' end,
  case when k between 1 and cast(:tasks as bigint) then case when k = 1 then 'one' else 'one#' || cast(k as text) end end,
  case when k between 0 and cast(:tasks as bigint) then 1 end
from numbers cross join ordinals order by n, k;

-- name: bulk_logs
-- Log lines of such runs, one a task.
insert into logs (run_id, lease, number, at, level, message, task_key, origin)
with recursive numbers (n) as (
  select cast(:first as bigint) union all select n + 1 from numbers where n < cast(:last as bigint)),
ordinals (k) as (select 1 union all select k + 1 from ordinals where k < cast(:tasks as bigint))
select 'run_0000000000' || cast(1000000000000000 + n as text), 1, k, :began_at + n * :every + k, 'INFO',
  'line ' || cast(k as text) || ' of order ' || cast(n as text), 'one', 'logger'
from numbers cross join ordinals where k <= cast(:tasks as bigint);

-- name: bulk_waiting_runs
-- Runs that wait for an event which never comes.
insert into runs (id, environment_id, job_id, job_version, status, payload, queue, priority, tags, metadata, is_test,
  attempt, max_attempts, crashes, lease, claim_seq, is_ready, lane, notices, noticed, created_at, available_at,
  started_at)
with recursive numbers (n) as (
  select cast(:first as bigint) union all select n + 1 from numbers where n < cast(:last as bigint))
select 'run_W000000000' || cast(1000000000000000 + n as text), :environment_id, 'listener', '0.0.1', 'WAITING',
  '"never-' || cast(n as text) || '"', 'listener', 0, '[]', :metadata, :no, 1, 3, 0, 1, 1, :no, 1, 0, 0,
  :began_at + n * :every, :began_at + n * :every, :began_at + n * :every
from numbers;

-- name: bulk_waiting_tasks
-- What such runs wait in.
insert into tasks (run_id, environment_id, key, kind, name, fingerprint, status, attempt, started_at)
with recursive numbers (n) as (
  select cast(:first as bigint) union all select n + 1 from numbers where n < cast(:last as bigint))
select 'run_W000000000' || cast(1000000000000000 + n as text), :environment_id, 'event', 'event_wait',
  'wait for bench.event', 'f583a90566af6db5', 'WAITING', 1, :began_at + n * :every
from numbers;

-- name: bulk_waits
-- What such runs wait for; half of them up to a time far ahead.
insert into waits (run_id, task_key, environment_id, kind, due_at, channel, created_at)
with recursive numbers (n) as (
  select cast(:first as bigint) union all select n + 1 from numbers where n < cast(:last as bigint))
select 'run_W000000000' || cast(1000000000000000 + n as text), 'event', :environment_id, 'event',
  case when n % 2 = 0 then :began_at + 1000000000000000 + n end, :channel || cast(n as text), :began_at + n * :every
from numbers;

-- name: analyze
-- Tells the planner how the tables have grown.
analyze;
