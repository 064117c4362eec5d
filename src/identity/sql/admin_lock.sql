-- Only one at a time changes who administers; given back when the connection ends. No parameters.
select pg_advisory_lock(hashtextextended('tapedeck.administrators', 0))
