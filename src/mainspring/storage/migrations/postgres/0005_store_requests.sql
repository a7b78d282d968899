-- Writes from outside that were applied, by the key their sender gave them: sent again they get the first answer.
create table store_requests (
    environment_id text not null,
    scope text not null,
    owner text not null,
    key text not null,
    request_key text not null,
    found boolean not null,
    version bigint not null,
    made_at bigint not null,
    primary key (environment_id, scope, owner, key, request_key)
);
create index store_requests_by_age on store_requests (made_at);

-- Where the versions of a place go on after something in it was deleted: a version never comes back.
create table store_floors (
    environment_id text not null,
    scope text not null,
    owner text not null,
    version bigint not null,
    primary key (environment_id, scope, owner)
);
