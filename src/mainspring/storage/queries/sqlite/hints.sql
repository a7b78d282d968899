-- name: announce
-- Nobody to tell: a SQLite database has one server.
select :channel, :message;
