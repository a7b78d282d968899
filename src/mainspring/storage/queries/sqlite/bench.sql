-- name: count_transactions
-- Nobody counts them here.
select null;
