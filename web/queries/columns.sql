-- The columns of a stream, and what did not fit them in its last run.
-- $1 name
select json_build_object('stream', s.name, 'columns', (select coalesce(json_agg(json_build_object(
    'column', c.column_name, 'path', c.path, 'type', c.type, 'origin', c.origin,
    'misfits', c.misfits, 'note', c.note)), '[]')
    from (select * from pagetide.list_columns(s.name) limit 2000) c))::text
from pagetide.stream s where s.name = $1
