-- Runs that replay others: which, and from which of its tasks on; and the tasks they keep, with the run they ran in.

alter table runs add column replay_of text;
alter table runs add column replay_from text;
alter table tasks add column kept_from text;
