-- Until when the idempotency key of a run answers with it; null: for as long as the run is kept.
alter table runs add column key_expires_at bigint;
