-- No bar may come twice in one import: which of the two would count?
create unique index on bars_staged (place, bar_start)
