-- name: begin_deliveries
-- What is delivered after this comes after every run that was begun before it, on whatever server.
select nextval('deliveries');
