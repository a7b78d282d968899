-- Circuit breakers: one row for each name that was used, and the line of those they hold.
create table breakers (
    environment_id text not null,
    name text not null,
    failures integer not null,
    reset integer not null,
    failed integer not null,
    epoch integer not null,
    opened_at integer,
    opened_by text,
    probe_at integer,
    probe_run_id text,
    probe_task_key text,
    probe_lease integer,
    timer_at integer,
    primary key (environment_id, name)
) strict, without rowid;
create index breakers_due on breakers (timer_at) where timer_at is not null;
create index waits_for_breakers on waits (environment_id, channel, created_at) where kind = 'breaker';
