-- Queues with limits: which runs are held back, which have a slot, and whose turn it is.
alter table jobs add column queue text;
alter table runs add column slot integer not null default 0;
alter table environments add column max_leases integer;
create table queues (
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
create index queues_due on queues (timer_at) where timer_at is not null;
create table queue_keys (
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
create index open_keys on queue_keys (environment_id, queue, priority desc, lane, turn) where is_open;
create index idle_keys on queue_keys (environment_id, queue, turn) where not has_held;
create index keys_opening on queue_keys (environment_id, queue, opens_at) where opens_at is not null;
create index runs_held on runs
    (environment_id, queue, coalesce(concurrency_key, ''), priority desc, lane, id) where slot = 1;
create index runs_with_slot on runs (environment_id, queue, is_ready, coalesce(concurrency_key, '')) where slot >= 3;
create index runs_unserved on runs (environment_id, job_id) where slot = 2;
