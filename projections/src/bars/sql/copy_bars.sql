-- Bars of several series, every vintage up to one, oldest first: of equal starts the last row counts.
-- copy takes no parameters: the words in braces are replaced by series numbers, instants and a vintage.
copy (
    select asked.place::integer, bar.bar_start, bar.open, bar.high, bar.low, bar.close
    from unnest('{series}'::integer[]) with ordinality as asked (series_id, place)
    cross join lateral (
        select stored.bar_start, stored.open, stored.high, stored.low, stored.close
        from bars stored
        where stored.series_id = asked.series_id
          and stored.bar_start >= '{from}'
          and stored.bar_start < '{to}'
          and stored.vintage <= {vintage}
        order by stored.bar_start, stored.vintage
    ) bar
) to stdout (format binary)
