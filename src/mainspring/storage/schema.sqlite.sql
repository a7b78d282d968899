-- Written by `python -m mainspring.storage.schema` from the migrations: change those, not this.

CREATE VIEW ended_runs as
select id, environment_id, job_id, status, finished_at, case
    when started_at is null then -1
    when finished_at < started_at + 1024 then 0
    else finished_at - started_at - (finished_at - started_at) % case
        when finished_at - started_at < 2048 then 256
        when finished_at - started_at < 4096 then 512
        when finished_at - started_at < 8192 then 1024
        when finished_at - started_at < 16384 then 2048
        when finished_at - started_at < 32768 then 4096
        when finished_at - started_at < 65536 then 8192
        when finished_at - started_at < 131072 then 16384
        when finished_at - started_at < 262144 then 32768
        when finished_at - started_at < 524288 then 65536
        when finished_at - started_at < 1048576 then 131072
        when finished_at - started_at < 2097152 then 262144
        when finished_at - started_at < 4194304 then 524288
        when finished_at - started_at < 8388608 then 1048576
        when finished_at - started_at < 16777216 then 2097152
        when finished_at - started_at < 33554432 then 4194304
        when finished_at - started_at < 67108864 then 8388608
        when finished_at - started_at < 134217728 then 16777216
        when finished_at - started_at < 268435456 then 33554432
        when finished_at - started_at < 536870912 then 67108864
        when finished_at - started_at < 1073741824 then 134217728
        when finished_at - started_at < 2147483648 then 268435456
        when finished_at - started_at < 4294967296 then 536870912
        when finished_at - started_at < 8589934592 then 1073741824
        when finished_at - started_at < 17179869184 then 2147483648
        when finished_at - started_at < 34359738368 then 4294967296
        when finished_at - started_at < 68719476736 then 8589934592
        when finished_at - started_at < 137438953472 then 17179869184
        when finished_at - started_at < 274877906944 then 34359738368
        when finished_at - started_at < 549755813888 then 68719476736
        when finished_at - started_at < 1099511627776 then 137438953472
        else 274877906944 end
    end as lasted
from runs where finished_at is not null;

CREATE TABLE api_keys (
    id text primary key,
    environment_id text not null references environments (id),
    name text not null,
    hash text not null unique,
    last_four text not null,
    created_at integer not null,
    expires_at integer,
    revoked_at integer
) strict;

CREATE TABLE approval_answers (
    approval_id text not null,
    person text not null,
    number integer not null,
    decision text not null,
    form text,
    comment text,
    via text not null,
    origin text,
    request_key text,
    digest text not null,
    answered_at integer not null,
    primary key (approval_id, person)
) strict, without rowid;

CREATE TABLE approval_people (
    approval_id text not null,
    person text not null,
    number integer not null,
    kind text not null,
    asked_at integer not null,
    from_person text,
    delegated_to text,
    primary key (approval_id, person)
) strict, without rowid;

CREATE TABLE approvals (
    id text not null primary key,
    environment_id text not null,
    run_id text not null,
    task_key text not null,
    title text not null,
    show text,
    digest text not null,
    form_schema text,
    quorum integer not null,
    requested_by text,
    correlation text not null,
    revision integer not null,
    tags text not null,
    base_url text not null,
    tells integer not null,
    news text not null,
    refusals integer not null,
    status text not null,
    created_at integer not null,
    expires_at integer,
    remind_every integer,
    remind_at integer,
    escalate_at integer,
    escalate_to text,
    timer_at integer,
    ended_at integer
) strict, without rowid;

CREATE TABLE attempts (
    run_id text not null,
    task_key text not null,
    number integer not null,
    started_at integer not null,
    finished_at integer not null,
    failure text not null,
    primary key (run_id, task_key, number)
) strict, without rowid;

CREATE TABLE awaited_runs (
    run_id text not null,
    task_key text not null,
    target_run_id text not null,
    primary key (run_id, task_key, target_run_id)
) strict, without rowid;

CREATE TABLE batch_runs (
    environment_id text not null,
    batch_id text not null,
    number integer not null,
    run_id text not null,
    primary key (environment_id, batch_id, number)
) strict, without rowid;

CREATE TABLE breakers (
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

CREATE TABLE bulks (
    id text primary key,
    environment_id text not null,
    action text not null,
    status text not null,
    criteria text not null,
    options text not null,
    place text,
    total integer not null,
    done integer not null,
    failed integer not null,
    failures text not null,
    created_by text,
    created_at integer not null,
    next_at integer not null,
    finished_at integer
) strict;

CREATE TABLE deliveries (last_value integer not null) strict;

CREATE TABLE environments (
    id text primary key,
    project_id text not null references projects (id),
    name text not null,
    created_at integer not null,
    max_leases integer,
    unique (project_id, name)
) strict;

CREATE TABLE error_changes (
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

CREATE TABLE error_hours (
    error_id text not null,
    at integer not null,
    runs integer not null,
    primary key (error_id, at)
) strict, without rowid;

CREATE TABLE error_versions (
    error_id text not null,
    version text not null,
    runs integer not null,
    first_seen_at integer not null,
    last_seen_at integer not null,
    primary key (error_id, version)
) strict, without rowid;

CREATE TABLE errors (
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

CREATE TABLE event_triggers (
    environment_id text not null,
    event_name text not null,
    job_id text not null,
    ordinal integer not null,
    filter text,
    source text,
    primary key (environment_id, event_name, job_id, ordinal)
) strict, without rowid;

CREATE TABLE events (
    sequence integer primary key autoincrement,
    id text not null unique,
    environment_id text not null,
    name text not null,
    payload text not null,
    correlation_id text,
    idempotency_key text,
    source text,
    context text,
    is_test integer not null,
    received_at integer not null,
    deliver_at integer not null,
    delivered_at integer,
    cancelled_at integer,
    rejections text not null,
    delivery integer) strict;

CREATE TABLE history (
    sequence integer primary key autoincrement,
    environment_id text not null,
    run_id text not null,
    at integer not null,
    kind text not null,
    task_key text,
    attempt integer,
    data text
) strict;

CREATE TABLE job_versions (
    environment_id text not null,
    job_id text not null,
    version text not null,
    spec text not null,
    registered_at integer not null,
    seen_at integer not null,
    primary key (environment_id, job_id, version)
) strict, without rowid;

CREATE TABLE jobs (
    environment_id text not null,
    id text not null,
    spec text not null,
    enabled integer not null default 1,
    updated_at integer not null,
    queue text,
    primary key (environment_id, id)
) strict, without rowid;

CREATE TABLE joined_calls (
    environment_id text not null,
    job_id text not null,
    idempotency_key text not null,
    run_id text not null,
    primary key (environment_id, job_id, idempotency_key)
) strict, without rowid;

CREATE TABLE joined_events (
    environment_id text not null,
    run_id text not null,
    number integer not null,
    event_id text not null,
    job_id text not null,
    size integer not null,
    primary key (run_id, number)
) strict, without rowid;

CREATE TABLE logs (
    run_id text not null,
    lease integer not null,
    number integer not null,
    at integer not null,
    level text not null,
    message text not null,
    task_key text,
    fields text,
    origin text not null,
    primary key (run_id, lease, number)
) strict, without rowid;

CREATE TABLE migrations (
    number bigint primary key,
    name text not null,
    checksum text not null,
    applied_at bigint not null
);

CREATE TABLE projects (
    id text primary key,
    name text not null unique,
    created_at integer not null
) strict;

CREATE TABLE queue_keys (
    environment_id text not null,
    queue text not null,
    key text not null,
    has_held integer not null,
    priority integer not null,
    lane integer not null,
    turn integer not null,
    spent_until integer not null,
    is_open integer not null,
    opens_at integer,
    primary key (environment_id, queue, key)
) strict, without rowid;

CREATE TABLE queues (
    environment_id text not null,
    name text not null,
    declared text not null,
    changed text,
    is_keyed integer not null,
    is_shared integer not null,
    governed_at integer,
    paused_at integer,
    paused_by text,
    turn integer not null,
    spent_until integer not null,
    timer_at integer,
    primary key (environment_id, name)
) strict, without rowid;

CREATE TABLE run_counts (
    environment_id text not null,
    width integer not null,
    at integer not null,
    job_id text not null,
    status text not null,
    lasted integer not null,
    part integer not null,
    runs integer not null,
    primary key (environment_id, width, at, job_id, status, lasted, part)
) strict, without rowid;

CREATE TABLE run_tags (
    environment_id text not null,
    tag text not null,
    created_at integer not null,
    run_id text not null,
    primary key (environment_id, tag, created_at, run_id)
) strict, without rowid;

CREATE TABLE runs (
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
    priority integer not null,
    tags text not null,
    metadata text not null,
    progress text,
    is_test integer not null,
    attempt integer not null,
    max_attempts integer not null,
    crashes integer not null,
    lease integer not null,
    worker_id text,
    claim_seq integer not null,
    is_ready integer not null,
    lane integer not null,
    notices integer not null,
    noticed integer not null,
    created_at integer not null,
    available_at integer not null,
    started_at integer,
    finished_at integer,
    expires_at integer,
    max_duration integer,
    deadline_at integer,
    cancel_requested_at integer,
    timer_at integer,
    heard_from integer not null default 0,
    replay_of text,
    replay_from text,
    faults integer not null default 0,
    slot integer not null default 0,
    cancel_reason text,
    cancelled_by text,
    schedule_id text,
    key_expires_at integer,
    debounce_key text,
    debounce_until integer,
    pinned_version text,
    singleton_key text,
    error_id text) strict;

CREATE TABLE schedules (
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
    overlap text not null default 'allow',
    dynamic_id text,
    key text,
    external_id text,
    metadata text not null default '{}',
    primary key (environment_id, id)
) strict, without rowid;

CREATE TABLE signing_keys (
    environment_id text not null primary key,
    key text not null,
    created_at integer not null
) strict, without rowid;

CREATE TABLE start_rates (
    environment_id text not null,
    job_id text not null,
    key text not null,
    spent_until integer not null,
    primary key (environment_id, job_id, key)
) strict, without rowid;

CREATE TABLE store_entries (
    environment_id text not null,
    scope text not null,
    owner text not null,
    key text not null,
    value text not null,
    version integer not null,
    updated_at integer not null,
    primary key (environment_id, scope, owner, key)
) strict, without rowid;

CREATE TABLE store_floors (
    environment_id text not null,
    scope text not null,
    owner text not null,
    version integer not null,
    primary key (environment_id, scope, owner)
) strict, without rowid;

CREATE TABLE store_requests (
    environment_id text not null,
    scope text not null,
    owner text not null,
    key text not null,
    request_key text not null,
    found integer not null,
    version integer not null,
    made_at integer not null,
    primary key (environment_id, scope, owner, key, request_key)
) strict, without rowid;

CREATE TABLE streams (
    run_id text not null,
    name text not null,
    appended integer not null,
    primary key (run_id, name)
) strict, without rowid;

CREATE TABLE tasks (
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
    attempt integer not null,
    output text,
    failure text,
    position integer,
    event_id text,
    started_at integer not null,
    finished_at integer,
    next_attempt_at integer,
    kept_from text,
    primary key (run_id, key)
) strict, without rowid;

CREATE TABLE tokens (
    id text not null primary key,
    environment_id text not null,
    secret_hash text not null,
    tags text not null,
    idempotency_key text,
    key_expires_at integer,
    run_id text,
    task_key text,
    created_at integer not null,
    expires_at integer,
    timer_at integer,
    expired_at integer,
    completed_at integer,
    output text,
    completed_by text,
    completed_via text,
    completed_from text,
    completed_request text
) strict, without rowid;

CREATE TABLE waits (
    run_id text not null,
    task_key text not null,
    environment_id text not null,
    kind text not null,
    due_at integer,
    channel text,
    filter text,
    created_at integer not null,
    primary key (run_id, task_key)
) strict, without rowid;

CREATE TABLE workers (
    id text primary key,
    environment_id text not null,
    name text not null,
    app text not null,
    code_version text not null,
    hostname text not null,
    pid integer not null,
    slots integer not null,
    status text not null,
    job_ids text not null,
    registered_at integer not null,
    heartbeat_at integer not null,
    heartbeats integer not null,
    progress integer not null,
    progress_at integer not null,
    commit_seq integer not null,
    blocked_stack text,
    silence integer not null default 0,
    versions text not null default '{}',
    pinning text not null default '[]',
    superseded text not null default '[]',
    queues text not null default '[]',
    drain_at integer,
    drain_by text,
    is_leaving integer not null default 0,
    ended_at integer,
    ended_reason text) strict;

CREATE INDEX approvals_due on approvals (timer_at) where timer_at is not null;

CREATE INDEX approvals_of_environment on approvals (environment_id, id);

CREATE INDEX approvals_of_person on approval_people (person, approval_id);

CREATE INDEX approvals_of_run on approvals (run_id, correlation);

CREATE INDEX awaited_runs_by_target on awaited_runs (target_run_id);

CREATE INDEX breakers_due on breakers (timer_at) where timer_at is not null;

CREATE INDEX bulks_by_environment on bulks (environment_id, created_at, id);

CREATE INDEX bulks_open on bulks (next_at) where status = 'RUNNING';

CREATE INDEX due_schedules on schedules (next_at) where next_at is not null;

CREATE INDEX errors_by_job on errors (environment_id, job_id, last_seen_at, id);

CREATE INDEX errors_by_status on errors (environment_id, status, last_seen_at, id);

CREATE INDEX errors_by_time on errors (environment_id, last_seen_at, id);

CREATE INDEX errors_due on errors (ignored_until) where ignored_until is not null;

CREATE INDEX events_by_correlation on events (environment_id, correlation_id, name, delivery)
    where correlation_id is not null;

CREATE INDEX events_by_environment on events (environment_id, id);

CREATE UNIQUE INDEX events_by_idempotency_key on events (environment_id, idempotency_key)
    where idempotency_key is not null;

CREATE INDEX events_by_name on events (environment_id, name, delivery);

CREATE INDEX events_due on events (deliver_at) where delivered_at is null and cancelled_at is null;

CREATE INDEX held_keys on queue_keys (environment_id, queue) where has_held;

CREATE INDEX history_by_run on history (run_id, sequence);

CREATE INDEX idle_keys on queue_keys (environment_id, queue, turn) where not has_held;

CREATE UNIQUE INDEX joined_events_by_event on joined_events (event_id, job_id);

CREATE INDEX keys_opening on queue_keys (environment_id, queue, opens_at) where opens_at is not null;

CREATE INDEX logs_by_time on logs (at);

CREATE INDEX logs_loud on logs (level, at) where level <> 'DEBUG' and level <> 'INFO';

CREATE INDEX moved_schedules on schedules (moved_at) where next_at is not null;

CREATE INDEX open_keys on queue_keys (environment_id, queue, priority desc, lane, turn) where is_open;

CREATE INDEX queues_due on queues (timer_at) where timer_at is not null;

CREATE INDEX run_counts_by_age on run_counts (width, at);

CREATE INDEX runs_alone on runs (worker_id) where lane = 3;

CREATE INDEX runs_behind on runs (environment_id, job_id, singleton_key, priority desc, id) where slot = -1;

CREATE INDEX runs_by_environment on runs (environment_id, created_at, id);

CREATE INDEX runs_by_error on runs (error_id, created_at, id) where error_id is not null;

CREATE INDEX runs_by_event on runs (event_id) where event_id is not null;

CREATE UNIQUE INDEX runs_by_idempotency_key on runs (idempotency_key, job_id, environment_id)
  where idempotency_key is not null;

CREATE INDEX runs_by_job on runs (environment_id, job_id, created_at, id);

CREATE INDEX runs_by_parent on runs (parent_run_id) where parent_run_id is not null;

CREATE INDEX runs_by_schedule on runs (environment_id, schedule_id, created_at, id)
    where schedule_id is not null;

CREATE INDEX runs_by_status on runs (environment_id, status, created_at, id)
    where status <> 'SUCCESS' and status <> 'RUNNING';

CREATE UNIQUE INDEX runs_debounced on runs (environment_id, job_id, debounce_key)
    where debounce_key is not null and status = 'PENDING' and not is_ready and slot = 0 and lease = 0;

CREATE INDEX runs_due on runs (timer_at) where timer_at is not null;

CREATE INDEX runs_held on runs
    (environment_id, queue, coalesce(concurrency_key, ''), priority desc, lane, id) where slot = 1;

CREATE UNIQUE INDEX runs_leading on runs (environment_id, job_id, singleton_key)
    where singleton_key is not null and finished_at is null and slot <> -1;

CREATE INDEX runs_leased on runs (worker_id) where worker_id is not null;

CREATE INDEX runs_of_suspicion on runs (environment_id) where is_ready and lane >= 2;

CREATE INDEX runs_open_by_schedule on runs (schedule_id) where schedule_id is not null and finished_at is null;

CREATE INDEX runs_pinned on runs (environment_id) where is_ready and pinned_version is not null;

CREATE INDEX runs_ready on runs
    (environment_id, coalesce(job_id || '/' || pinned_version, job_id), priority desc, lane, available_at) where is_ready;

CREATE INDEX runs_ready_in_queues on runs
    (environment_id, queue, coalesce(job_id || '/' || pinned_version, job_id), priority desc, lane, available_at)
    where is_ready and queue <> job_id;

CREATE INDEX runs_uncounted on runs (id) where error_id is null and status in ('FAILED', 'TIMED_OUT');

CREATE INDEX runs_unserved on runs (environment_id, coalesce(job_id || '/' || pinned_version, job_id)) where slot = 2;

CREATE INDEX runs_with_notices on runs (worker_id) where notices > noticed;

CREATE INDEX runs_with_slot on runs (environment_id, queue, is_ready, coalesce(concurrency_key, '')) where slot >= 3;

CREATE INDEX schedules_by_dynamic_id on schedules (environment_id, dynamic_id, job_id) where dynamic_id is not null;

CREATE INDEX schedules_in_code on schedules (environment_id, job_id) where dynamic_id is null;

CREATE INDEX schedules_of_job on schedules (environment_id, job_id, next_at);

CREATE INDEX start_rates_by_end on start_rates (environment_id, job_id, spent_until);

CREATE INDEX store_requests_by_age on store_requests (made_at);

CREATE INDEX tasks_by_event on tasks (event_id, run_id) where event_id is not null and kept_from is null;

CREATE UNIQUE INDEX tokens_by_key on tokens (environment_id, idempotency_key) where idempotency_key is not null;

CREATE INDEX tokens_due on tokens (timer_at) where timer_at is not null;

CREATE INDEX tokens_of_environment on tokens (environment_id, id);

CREATE INDEX waits_by_channel on waits (environment_id, channel) where channel is not null;

CREATE INDEX waits_due on waits (due_at) where due_at is not null;

CREATE INDEX waits_for_breakers on waits (environment_id, channel, created_at) where kind = 'breaker';

CREATE INDEX waits_for_people on waits (environment_id, kind) where kind in ('approval', 'token');

CREATE INDEX workers_by_environment on workers (environment_id, status);
