-- name: joined_so_far
-- How many events open runs have, and how many bytes their payloads come to.
select j.run_id, j.number, j.size from joined_events j
where j.run_id in each(:run_ids) and j.number = (select max(k.number) from joined_events k where k.run_id = j.run_id);

-- name: joined_payloads
-- What the events of a run carry, in their order.
select e.payload from joined_events j join events e on e.id = j.event_id where j.run_id = :run_id order by j.number;

-- name: insert_joined_event
-- An event and the run that it became, alone or with others.
insert into joined_events (environment_id, run_id, number, event_id, job_id, size)
values (:environment_id, :run_id, :number, :event_id, :job_id, :size);

-- name: carry_event
-- An event joined a run that is put off: it starts later, with this event if it is to carry the last.
update runs set payload = :payload, event_id = :event_id, concurrency_key = :concurrency_key,
  available_at = :available_at, expires_at = :expires_at, timer_at = :timer_at
where id = :id and (status = 'PENDING') is true and not is_ready and slot = 0 and lease = 0;

-- name: close_gathering
-- No more events join the run: it has them all, and starts, or is held where its queue has limits.
update runs set payload = :payload, available_at = :available_at, expires_at = :expires_at, timer_at = :timer_at,
  is_ready = not exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null),
  slot = case when exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null) then 1 else 0 end
where id = :id and (status = 'PENDING') is true and not is_ready and slot = 0 and lease = 0;

-- name: keep_gathered
-- A run that gathered events ends before it started: these are what it would have had.
update runs set payload = :payload where id = :id and (status = 'PENDING') is true and not is_ready and slot = 0 and lease = 0;
