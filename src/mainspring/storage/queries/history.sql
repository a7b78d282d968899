-- name: insert_entry
-- One line of a run's account.
insert into history (environment_id, run_id, at, kind, task_key, attempt, data)
values (:environment_id, :run_id, :at, :kind, :task_key, :attempt, :data);

-- name: history_of_run
-- A run's account from a cursor on.
select {entry} from history
where environment_id = :environment_id and run_id = :run_id and sequence > :after order by sequence limit :limit;

-- name: insert_log
-- A line that user code wrote; sent again it changes nothing.
insert into logs ({log}) values ({:log}) on conflict do nothing;

-- name: logs_of_run
-- A page of a run's log lines in the order they were written.
select {log} from logs
where run_id = :run_id and (lease > :lease or (lease = :lease and number > :number))
  and (cast(:level_rank as bigint) is null or case level when 'DEBUG' then 0 when 'INFO' then 1 when 'WARNING' then 2
    else 3 end >= :level_rank)
  and (cast(:since as bigint) is null or at >= :since)
  and (cast(:text as text) is null or lower(message) like :text escape '!')
order by lease, number limit :limit;
