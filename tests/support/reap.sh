# Waits until its standard input ends, which it does when the test process that holds the other end is gone, however it
# went. Then stops every server that lives in the folder $1, and removes the folder.
trap '' HUP INT TERM
cat >/dev/null

pids=
for file in $(find "$1" -name postmaster.pid -o -name nats.pid | tr ' ' '?'); do
    pid=$(head -n 1 "$file")
    # The number may have passed to another program: a server names its folder on its command line.
    case "$(ps -ww -o args= -p "$pid" 2>/dev/null || tr '\0' ' ' <"/proc/$pid/cmdline")" in
        *"$1"*) pids="$pids $pid" ;;
    esac
    case "$file" in
        *postmaster.pid) sockets=$(sed -n 5p "$file") ;;
        *) sockets= ;;
    esac
    case "$sockets" in
        */tapedeck-*) rm -rf "$sockets" ;;
    esac
done
# Nothing here is worth an orderly shutdown.
[ -z "$pids" ] || kill -KILL $pids
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
