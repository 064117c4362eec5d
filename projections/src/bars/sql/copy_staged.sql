-- One row per bar of the file; place counts the series in order of appearance, from 0.
copy bars_staged (place, bar_start, bar_end, open, high, low, close, volume, adjusted)
from stdin (format binary)
