-- Many runs cancelled or replayed by one request, chunk by chunk.
create table bulks (
    id text primary key,
    environment_id text not null,
    action text not null,
    status text not null,
    criteria text not null,
    options text not null,
    place text,
    total bigint not null,
    done bigint not null,
    failed bigint not null,
    failures text not null,
    created_by text,
    created_at bigint not null,
    next_at bigint not null,
    finished_at bigint
);
create index bulks_open on bulks (next_at) where status = 'RUNNING';
