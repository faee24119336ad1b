-- A version of a stream's definition, the one in force where $2 is 0, and the numbers of the
-- latest 50. The first column is the definition as it is stored.
-- $1 name; $2 version
select d.spec::text, json_build_object('stream', d.stream, 'version', d.version, 'at', d.at,
    'versions', (select json_agg(v.version order by v.version desc) from (
        select o.version from pagetide.definition o where o.stream = d.stream
        order by o.version desc limit 50) v))::text
from pagetide.stream s join pagetide.definition d on d.stream = s.name
    and d.version = case when $2::int = 0 then s.version else $2::int end
where s.name = $1
