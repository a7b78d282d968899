-- Events that became one run: in which order they joined it, and how many bytes their payloads had come to by then.
create table joined_events (
    environment_id text not null,
    run_id text not null,
    number integer not null,
    event_id text not null,
    job_id text not null,
    size integer not null,
    primary key (run_id, number)
) strict, without rowid;
create unique index joined_events_by_event on joined_events (event_id, job_id);
