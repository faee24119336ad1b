-- What `with` added to a record that was rejected: what is not in its own bytes. JSON, as text,
-- because jsonb does not keep every text.
alter table pagetide.reject add column if not exists added text;
