-- How far the body of a run has written each of its streams; the chunks themselves are lines of its history.

create table streams (
    run_id text not null,
    name text not null,
    appended integer not null,
    primary key (run_id, name)
) strict, without rowid;
