-- Who looks, until the transaction ends. $1 principal, $2 role
select set_config('tapedeck.principal', $1, true), set_config('tapedeck.role', $2, true),
       set_config('role', 'tapedeck_viewer', true)
