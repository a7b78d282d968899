-- Circuit breakers: one row for each name that was used, and the line of those they hold.
create table breakers (
    environment_id text not null,
    name text not null,
    failures bigint not null,
    reset bigint not null,
    failed bigint not null,
    epoch bigint not null,
    opened_at bigint,
    opened_by text,
    probe_at bigint,
    probe_run_id text,
    probe_task_key text,
    probe_lease bigint,
    timer_at bigint,
    primary key (environment_id, name)
);
create index breakers_due on breakers (timer_at) where timer_at is not null;
create index waits_for_breakers on waits (environment_id, channel, created_at) where kind = 'breaker';
