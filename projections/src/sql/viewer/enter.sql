-- Who looks, until the transaction ends. $1 principal, $2 'on' for oversight or ''
select set_config('tapedeck.principal', $1, true), set_config('tapedeck.oversight', $2, true),
       set_config('role', 'tapedeck_viewer', true)
