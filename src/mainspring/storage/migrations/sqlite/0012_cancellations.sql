-- Who cancelled a run, and why.

alter table runs add column cancel_reason text;
alter table runs add column cancelled_by text;
