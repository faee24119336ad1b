-- A word that is another one when runs began or ended, or streams were changed.
select md5(concat_ws(' ', (select max(r.id) from pagetide.run r),
    (select md5(string_agg(concat_ws(',', r.id, r.state), ';' order by r.id))
        from pagetide.run r where r.state in ('queued', 'running')),
    (select sum(hashtextextended(concat_ws(',', s.name, s.version, s.paused, s.next_due,
        s.removed_at), 0)) from pagetide.stream s)))
