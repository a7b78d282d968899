-- Waits for several runs: a row per run that has not ended yet. Gone wholly, the wait is resolved.
create table awaited_runs (
    run_id text not null,
    task_key text not null,
    target_run_id text not null,
    primary key (run_id, task_key, target_run_id)
) strict, without rowid;
create index awaited_runs_by_target on awaited_runs (target_run_id);

-- Runs that were started by one request.
create table batch_runs (
    environment_id text not null,
    batch_id text not null,
    number integer not null,
    run_id text not null,
    primary key (environment_id, batch_id, number)
) strict, without rowid;
