-- Debounced calls: a run that is put off by each call with its key, at most until `debounce_until`. There is one at
-- a time; calls that joined it are known by their idempotency keys when they are sent again.
alter table runs add column debounce_key text;
alter table runs add column debounce_until bigint;
create unique index runs_debounced on runs (environment_id, job_id, debounce_key)
    where debounce_key is not null and status = 'PENDING' and not is_ready and slot = 0 and lease = 0;
create table joined_calls (
    environment_id text not null,
    job_id text not null,
    idempotency_key text not null,
    run_id text not null,
    primary key (environment_id, job_id, idempotency_key)
);
