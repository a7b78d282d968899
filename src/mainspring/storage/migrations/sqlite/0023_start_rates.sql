-- Up to when the starts of a job, or of each key of it, have used up its rate limit, which refuses what is too many.
create table start_rates (
    environment_id text not null,
    job_id text not null,
    key text not null,
    spent_until integer not null,
    primary key (environment_id, job_id, key)
) strict, without rowid;
create index start_rates_by_end on start_rates (environment_id, job_id, spent_until);
