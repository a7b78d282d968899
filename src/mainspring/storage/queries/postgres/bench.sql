-- name: count_transactions
-- How many transactions this database has seen, for measurements of what an idle platform asks of it.
select xact_commit + xact_rollback from pg_stat_database where datname = current_database();
