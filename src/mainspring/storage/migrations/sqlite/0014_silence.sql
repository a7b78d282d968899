-- How long servers have listened for a worker in vain since it last beat: one that dies leaves it to the next.
alter table workers add column silence integer not null default 0;
