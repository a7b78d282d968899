-- name: finish_run
-- The same, many at once: half of what one by one costs, and no other thread has its turn between any two.
with r (id, lease, status, output, failure, now) as (values (:id, :lease, :status, :output, :failure, :now))
update runs set status = r.status, output = r.output, failure = r.failure, finished_at = r.now, worker_id = null,
  is_ready = false, timer_at = null, slot = 0
from r where runs.id = r.id and runs.lease = r.lease and runs.status in ('PENDING', 'RUNNING', 'WAITING');

-- name: park_run
-- The same, many at once.
with r (id, lease) as (values (:id, :lease))
update runs set status = 'WAITING', worker_id = null, crashes = 0, faults = 0, timer_at = deadline_at,
  slot = 0
from r where runs.id = r.id and runs.lease = r.lease and runs.status = 'RUNNING';

-- name: resolve_task
-- The same, many at once.
with r (run_id, key, status, output, failure, event_id, now) as (values (:run_id, :key, :status, :output, :failure, :event_id, :now))
update tasks set status = r.status, output = r.output, failure = r.failure, event_id = r.event_id,
  finished_at = r.now
from r where tasks.run_id = r.run_id and tasks.key = r.key and tasks.status = 'WAITING';

-- name: deliver_task
-- The same, many at once.
with r (run_id, key, position) as (values (:run_id, :key, :position))
update tasks set position = r.position
from r where tasks.run_id = r.run_id and tasks.key = r.key and tasks.position is null;

-- name: delete_wait
-- The same, many at once.
with r (run_id, task_key) as (values (:run_id, :task_key))
delete from waits where (run_id, task_key) in (select run_id, task_key from r);
