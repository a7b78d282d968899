-- name: insert_token
-- A token, unless it is there, or another one under its idempotency key.
insert into tokens ({token}) values ({:token}) on conflict do nothing;

-- name: forget_token_keys
-- An idempotency key whose time is over answers no more.
update tokens set idempotency_key = null
where environment_id = :environment_id and idempotency_key = :idempotency_key and key_expires_at <= :now;

-- name: find_token_made
-- The token of an id, or else the one that has the key.
select {token} from tokens
where environment_id = :environment_id and (id = :id or idempotency_key = :idempotency_key)
order by case when id = :id then 0 else 1 end limit 1;

-- name: tokens_to_change
-- Some tokens, held for a change or for as long as somebody begins to wait for them, in one order on every server.
select {token} from tokens where id in each(:ids) order by id @lock;

-- name: tokens_by_ids
-- Some tokens.
select {token} from tokens where id in each(:ids);

-- name: complete_token
-- Its one completion.
update tokens set completed_at = :now, output = :output, completed_by = :completed_by, completed_via = :completed_via,
  completed_from = :completed_from, completed_request = :completed_request, timer_at = null
where id = :id and completed_at is null and expired_at is null;

-- name: expire_token
-- Nobody completed it in time.
update tokens set expired_at = :now, timer_at = null where id = :id and completed_at is null and expired_at is null;

-- name: watch_token
-- A timer that was lost.
update tokens set timer_at = expires_at where id = :id and completed_at is null and expired_at is null;

-- name: due_tokens
-- Tokens that expire now; one that another server is changing is looked at next time.
select {token} from tokens where timer_at <= :now order by timer_at limit :limit @skip_locked;

-- name: next_token_at
-- When the next token expires.
select min(timer_at) from tokens where timer_at is not null;

-- name: get_token
-- One token.
select {token} from tokens
where id = :id and (cast(:environment_id as text) is null or environment_id = :environment_id);

-- name: list_tokens
-- A page of the tokens of an environment, newest first.
select {token} from tokens
where environment_id = :environment_id and id < :before
  and (cast(:status as text) is null or :status = case
    when completed_at is not null then 'COMPLETED' when expired_at is not null then 'EXPIRED' else 'WAITING' end)
  and (cast(:tag as text) is null or exists (select 1 from json_each(tags) where value = :tag))
order by id desc limit :limit;
