-- Failures in groups: by the class of the error, the job and the task; how often each came, when, and in which versions.
create table errors (
    id text not null primary key,
    environment_id text not null,
    job_id text not null,
    task text,
    type text not null,
    message text not null,
    status text not null,
    runs integer not null,
    first_seen_at integer not null,
    last_seen_at integer not null,
    last_run_id text not null,
    resolved_at integer,
    resolved_by text,
    ignored_at integer,
    ignored_by text,
    ignored_until integer,
    ignored_runs integer,
    came_back_at integer,
    changes integer not null
) strict, without rowid;
create index errors_by_time on errors (environment_id, last_seen_at, id);
create index errors_by_status on errors (environment_id, status, last_seen_at, id);
create index errors_by_job on errors (environment_id, job_id, last_seen_at, id);
create index errors_due on errors (ignored_until) where ignored_until is not null;
create table error_hours (
    error_id text not null,
    at integer not null,
    runs integer not null,
    primary key (error_id, at)
) strict, without rowid;
create table error_versions (
    error_id text not null,
    version text not null,
    runs integer not null,
    first_seen_at integer not null,
    last_seen_at integer not null,
    primary key (error_id, version)
) strict, without rowid;
create table error_changes (
    error_id text not null,
    number integer not null,
    at integer not null,
    kind text not null,
    made_by text,
    run_id text,
    until integer,
    runs integer,
    primary key (error_id, number)
) strict, without rowid;
alter table runs add column error_id text;
create index runs_by_error on runs (error_id, created_at, id) where error_id is not null;
-- Failures of before this, and those that a server of before this still writes: they are counted by and by.
create index runs_uncounted on runs (id) where error_id is null and status in ('FAILED', 'TIMED_OUT');
