-- name: insert_entry
-- One line of a run's account.
insert into history (environment_id, run_id, at, kind, task_key, attempt, data)
values (:environment_id, :run_id, :at, :kind, :task_key, :attempt, :data);

-- name: history_of_run
-- A run's account from a cursor on, without what it streamed.
select {entry} from history
where environment_id = :environment_id and run_id = :run_id and sequence > :after and kind <> 'STREAM_APPENDED'
order by sequence limit :limit;

-- name: starts_of_run
-- When workers were given a run.
select at, kind, attempt, data from history
where environment_id = :environment_id and run_id = :run_id and kind in ('JOB_STARTED', 'JOB_RESUMED')
order by sequence limit :limit;

-- name: starts_of_runs
-- The same of some runs.
select run_id, at from history
where environment_id = :environment_id and run_id in each(:run_ids) and kind in ('JOB_STARTED', 'JOB_RESUMED')
order by run_id, sequence;

-- name: news_of_run
-- All that a run's account has between two sequences, for whoever follows it.
select {entry} from history
where environment_id = :environment_id and run_id = :run_id and sequence > :after and sequence <= :until
order by sequence limit :limit;

-- name: news_of_environment
-- The same of all runs of an environment.
select {entry} from history
where environment_id = :environment_id and sequence > :after and sequence <= :until order by sequence limit :limit;

-- name: count_history
-- How many sequences of a short stretch are taken by committed entries.
select count(*) from history where sequence > :after and sequence <= :until;

-- name: chunks_of_run
-- What a run streamed from a cursor on; `head` is how the data of one stream's chunks begins.
select {entry} from history
where environment_id = :environment_id and run_id = :run_id and sequence > :after and kind = 'STREAM_APPENDED'
  and (cast(:head as text) is null or substr(data, 1, length(:head)) = :head)
order by sequence limit :limit;

-- name: insert_chunk
-- A chunk of a stream; one of the run's body (its number is not 0) that was written before changes nothing.
insert into history (environment_id, run_id, at, kind, task_key, attempt, data)
select :environment_id, :run_id, cast(:at as bigint), 'STREAM_APPENDED', cast(:task_key as text),
  cast(:attempt as bigint), :data
where cast(:number as bigint) = 0 or not exists (
  select 1 from streams where run_id = :run_id and name = :stream and appended >= cast(:number as bigint));

-- name: save_stream
-- How far the body of a run has written a stream.
insert into streams (run_id, name, appended) values (:run_id, :stream, :number)
on conflict (run_id, name) do update set appended = excluded.appended where streams.appended < excluded.appended;

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
