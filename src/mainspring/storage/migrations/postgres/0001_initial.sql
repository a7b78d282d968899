-- The tables everything stands on. Instants are microseconds since the epoch; JSON is kept as text.

create table projects (
    id text primary key,
    name text not null unique,
    created_at bigint not null
);

create table environments (
    id text primary key,
    project_id text not null references projects (id),
    name text not null,
    created_at bigint not null,
    unique (project_id, name)
);

create table api_keys (
    id text primary key,
    environment_id text not null references environments (id),
    name text not null,
    hash text not null unique,
    last_four text not null,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint
);

create table jobs (
    environment_id text not null,
    id text not null,
    spec text not null,
    enabled boolean not null default true,
    updated_at bigint not null,
    primary key (environment_id, id)
);

create table event_triggers (
    environment_id text not null,
    event_name text not null,
    job_id text not null,
    ordinal bigint not null,
    filter text,
    source text,
    primary key (environment_id, event_name, job_id, ordinal)
);

create table events (
    sequence bigint generated always as identity primary key,
    id text not null unique,
    environment_id text not null,
    name text not null,
    payload text not null,
    correlation_id text,
    idempotency_key text,
    source text,
    context text,
    is_test boolean not null,
    received_at bigint not null,
    deliver_at bigint not null,
    delivered_at bigint,
    cancelled_at bigint,
    rejections text not null
);
create index events_by_environment on events (environment_id, id);
create index events_by_name on events (environment_id, name, delivered_at);
create index events_by_correlation on events (environment_id, correlation_id, name, delivered_at)
    where correlation_id is not null;
create unique index events_by_idempotency_key on events (environment_id, idempotency_key)
    where idempotency_key is not null;
create index events_due on events (deliver_at) where delivered_at is null and cancelled_at is null;

create table runs (
    id text primary key,
    environment_id text not null,
    job_id text not null,
    job_version text not null,
    status text not null,
    payload text not null,
    output text,
    failure text,
    event_id text,
    parent_run_id text,
    parent_task_key text,
    idempotency_key text,
    queue text not null,
    concurrency_key text,
    priority bigint not null,
    tags text not null,
    metadata text not null,
    progress text,
    is_test boolean not null,
    attempt bigint not null,
    max_attempts bigint not null,
    crashes bigint not null,
    lease bigint not null,
    worker_id text,
    claim_seq bigint not null,
    is_ready boolean not null,
    lane bigint not null,
    notices bigint not null,
    noticed bigint not null,
    created_at bigint not null,
    available_at bigint not null,
    started_at bigint,
    finished_at bigint,
    expires_at bigint,
    max_duration bigint,
    deadline_at bigint,
    cancel_requested_at bigint,
    timer_at bigint
);
create index runs_by_environment on runs (environment_id, id);
create index runs_by_job on runs (environment_id, job_id, id);
create index runs_by_event on runs (event_id) where event_id is not null;
create index runs_by_parent on runs (parent_run_id) where parent_run_id is not null;
create unique index runs_by_idempotency_key on runs (environment_id, job_id, idempotency_key)
    where idempotency_key is not null;
create index runs_ready on runs (environment_id, job_id, priority desc, lane, available_at) where is_ready;
create index runs_leased on runs (worker_id) where worker_id is not null;
create index runs_due on runs (timer_at) where timer_at is not null;

create table tasks (
    run_id text not null,
    environment_id text not null,
    key text not null,
    parent_key text,
    kind text not null,
    name text not null,
    icon text,
    params text,
    properties text,
    fingerprint text not null,
    status text not null,
    attempt bigint not null,
    output text,
    failure text,
    position bigint,
    event_id text,
    started_at bigint not null,
    finished_at bigint,
    next_attempt_at bigint,
    primary key (run_id, key)
);

create table attempts (
    run_id text not null,
    task_key text not null,
    number bigint not null,
    started_at bigint not null,
    finished_at bigint not null,
    failure text not null,
    primary key (run_id, task_key, number)
);

create table waits (
    run_id text not null,
    task_key text not null,
    environment_id text not null,
    kind text not null,
    due_at bigint,
    channel text,
    filter text,
    created_at bigint not null,
    primary key (run_id, task_key)
);
create index waits_by_channel on waits (environment_id, channel) where channel is not null;
create index waits_due on waits (due_at) where due_at is not null;

create table history (
    sequence bigint generated always as identity primary key,
    environment_id text not null,
    run_id text not null,
    at bigint not null,
    kind text not null,
    task_key text,
    attempt bigint,
    data text
);
create index history_by_run on history (run_id, sequence);

create table logs (
    run_id text not null,
    lease bigint not null,
    number bigint not null,
    at bigint not null,
    level text not null,
    message text not null,
    task_key text,
    fields text,
    origin text not null,
    primary key (run_id, lease, number)
);

create table store_entries (
    environment_id text not null,
    scope text not null,
    owner text not null,
    key text not null,
    value text not null,
    version bigint not null,
    updated_at bigint not null,
    primary key (environment_id, scope, owner, key)
);

create table workers (
    id text primary key,
    environment_id text not null,
    name text not null,
    app text not null,
    code_version text not null,
    hostname text not null,
    pid bigint not null,
    slots bigint not null,
    status text not null,
    job_ids text not null,
    registered_at bigint not null,
    heartbeat_at bigint not null,
    heartbeats bigint not null,
    progress bigint not null,
    progress_at bigint not null,
    commit_seq bigint not null,
    blocked_stack text
);
create index workers_by_environment on workers (environment_id, status);
