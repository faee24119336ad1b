-- The bytes of a reject, as the API sent them; at most 8 MiB.
-- $1 reject
select substr(q.record, 1, 8388608) from pagetide.reject q where q.id = $1::bigint
