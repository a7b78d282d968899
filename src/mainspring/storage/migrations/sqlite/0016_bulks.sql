-- Many runs cancelled or replayed by one request, chunk by chunk.
create table bulks (
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
create index bulks_open on bulks (next_at) where status = 'RUNNING';
