-- Tokens: questions to the world outside, each completed once or expired.
create table tokens (
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
create unique index tokens_by_key on tokens (environment_id, idempotency_key) where idempotency_key is not null;
create index tokens_of_environment on tokens (environment_id, id);
create index tokens_due on tokens (timer_at) where timer_at is not null;
