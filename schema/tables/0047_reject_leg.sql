-- Which partition of its job a reject is of: the ledger, which knows it too, is cleared sooner.
alter table pagetide.reject add column if not exists leg int;

update pagetide.reject q set leg = p.leg
from pagetide.page p
where p.job = q.job and p.number = q.page and p.leg is not null;
