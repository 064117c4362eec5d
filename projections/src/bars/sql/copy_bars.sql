-- Bars of several series, every vintage up to one, in the order of the table: sorting here costs as much as reading.
-- copy takes no parameters: the words in braces are replaced by series numbers, instants and a vintage.
copy (
    select bar.series_id, bar.bar_start, bar.vintage, bar.open, bar.high, bar.low, bar.close
    from bars bar
    where bar.series_id = any ('{series}')
      and bar.bar_start >= '{from}'
      and bar.bar_start < '{to}'
      and bar.vintage <= {vintage}
) to stdout (format binary)
