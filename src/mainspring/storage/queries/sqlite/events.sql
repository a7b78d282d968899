-- name: begin_deliveries
-- What is delivered after this comes after every run that was begun before it.
update deliveries set last_value = last_value + 1;
