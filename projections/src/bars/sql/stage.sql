-- Where the bars of one import wait to be compared with what is stored; a bar that comes twice is refused.
create temporary table bars_staged (
    place     integer not null,
    bar_start timestamptz not null,
    bar_end   timestamptz not null,
    open      bigint not null,
    high      bigint,
    low       bigint,
    close     bigint,
    volume    numeric,
    adjusted  bigint
) on commit drop
