-- What is known of the values that did not fit, by column: {column: {label, page, position, what,
-- wider}} of the first one (functions/misfits.sql).
alter type pagetide.mark add attribute aside_notes jsonb;
alter table pagetide.job add column aside_notes jsonb not null default '{}';
