-- Approvals: questions of runs to people; who is asked, what each answered, and the keys that sign their links.
create table approvals (
    id text not null primary key,
    environment_id text not null,
    run_id text not null,
    task_key text not null,
    title text not null,
    show text,
    digest text not null,
    form_schema text,
    quorum bigint not null,
    requested_by text,
    correlation text not null,
    revision bigint not null,
    tags text not null,
    base_url text not null,
    tells boolean not null,
    news text not null,
    refusals bigint not null,
    status text not null,
    created_at bigint not null,
    expires_at bigint,
    remind_every bigint,
    remind_at bigint,
    escalate_at bigint,
    escalate_to text,
    timer_at bigint,
    ended_at bigint
);
create index approvals_of_environment on approvals (environment_id, id);
create index approvals_of_run on approvals (run_id, correlation);
create index approvals_due on approvals (timer_at) where timer_at is not null;
create table approval_people (
    approval_id text not null,
    person text not null,
    number bigint not null,
    kind text not null,
    asked_at bigint not null,
    from_person text,
    delegated_to text,
    primary key (approval_id, person)
);
create index approvals_of_person on approval_people (person, approval_id);
create table approval_answers (
    approval_id text not null,
    person text not null,
    number bigint not null,
    decision text not null,
    form text,
    comment text,
    via text not null,
    origin text,
    request_key text,
    digest text not null,
    answered_at bigint not null,
    primary key (approval_id, person)
);
create table signing_keys (
    environment_id text not null primary key,
    key text not null,
    created_at bigint not null
);
