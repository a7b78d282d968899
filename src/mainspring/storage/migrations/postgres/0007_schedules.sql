-- The timetables of jobs, and how far each has come.
create table schedules (
    id text not null,
    environment_id text not null,
    job_id text not null,
    cron text,
    timezone text not null,
    every bigint,
    catch_up text not null,
    jitter bigint,
    anchor_at bigint not null,
    next_at bigint,
    last_at bigint,
    moved_at bigint not null,
    paused_at bigint,
    refusal text,
    primary key (environment_id, id)
);
create index schedules_of_job on schedules (environment_id, job_id);
create index due_schedules on schedules (next_at) where next_at is not null;
create index moved_schedules on schedules (moved_at) where next_at is not null;
