-- The timetables of jobs, and how far each has come.
create table schedules (
    id text not null,
    environment_id text not null,
    job_id text not null,
    cron text,
    timezone text not null,
    every integer,
    catch_up text not null,
    jitter integer,
    anchor_at integer not null,
    next_at integer,
    last_at integer,
    moved_at integer not null,
    paused_at integer,
    refusal text,
    primary key (environment_id, id)
) strict, without rowid;
create index schedules_of_job on schedules (environment_id, job_id);
create index due_schedules on schedules (next_at) where next_at is not null;
create index moved_schedules on schedules (moved_at) where next_at is not null;
