-- name: announce
-- Tells other servers, if this transaction commits, that something is worth a look.
select pg_notify(:channel, :message);
