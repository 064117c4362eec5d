#!/bin/sh
# Installs what tapedeck needs and this machine lacks: the programs of Postgres 15 or newer and of nats-server. It says
# what it does before it does it, does nothing twice, and needs no network when nothing is missing. tapedeck runs servers
# of its own from these programs; a server of the system is neither used nor left running if it was not there before.
# With the argument `python`: also a Python that can make virtual environments, for scripts/conformance.sh.
set -eu

say() { printf 'setup: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

have_postgres() {
    # Where tapedeck looks, too. Both programs must be in one folder: many clients bring neither.
    for bin in $(echo "$PATH" | tr ' ' '?' | tr ':' ' ') /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /usr/local/pgsql/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
        [ -x "$bin/postgres" ] && [ -x "$bin/initdb" ] || continue
        major=$("$bin/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
        [ "${major:-0}" -ge 15 ] && return 0
    done
    return 1
}

have_nats() {
    for bin in $(echo "$PATH" | tr ' ' '?' | tr ':' ' ') /usr/sbin /usr/local/bin /usr/local/sbin /opt/homebrew/bin; do
        [ -x "$bin/nats-server" ] && return 0
    done
    return 1
}

have_python() {
    command -v python3 >/dev/null && python3 -c 'import ensurepip, venv' 2>/dev/null
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

install_on_debian() {
    packages=$1
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        fail "as root, type: apt-get install $packages"
    fi
    say "installing with apt-get: $packages"
    as_root apt-get update -qq
    # A package normally starts its server. This file, Debian's own means, says not to; one that is there stays.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'as_root rm -f "$policy"' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    # The list is meant to be split.
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
    # Nor does it start with the machine. What was installed before keeps doing as it did.
    if command -v systemctl >/dev/null; then
        [ -z "$postgres" ] || leave_off postgresql
        [ -z "$nats" ] || leave_off nats-server
    fi
}

leave_off() {
    say "the system's own $1 stays off; to use it: sudo systemctl enable --now $1"
    as_root systemctl disable --quiet "$1" || say "it could not be disabled and may start with the machine"
}

install_on_macos() {
    command -v brew >/dev/null || fail "Homebrew is missing: see https://brew.sh, then type: brew install $1"
    say "installing with brew: $1"
    # The list is meant to be split.
    # shellcheck disable=SC2086
    brew install $1
}

if ! command -v cargo >/dev/null; then
    fail "cargo is missing. Type: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
fi

postgres=
nats=
have_postgres || postgres=missing
have_nats || nats=missing
python=
[ "${1:-}" != python ] || have_python || python=missing
cc=
command -v cc >/dev/null || cc=missing

if [ -z "$postgres$nats$python$cc" ]; then
    exit 0
fi

case $(uname -s) in
Linux)
    command -v apt-get >/dev/null || fail "install Postgres 15 or newer, nats-server and a C compiler with your package \
manager, or set DATABASE_URL and NATS_URL; then look at: cargo run -- doctor"
    install_on_debian "${postgres:+postgresql} ${nats:+nats-server} ${cc:+build-essential} ${python:+python3-venv}"
    ;;
Darwin)
    [ -z "$cc" ] || fail "the C compiler is missing. Type: xcode-select --install"
    install_on_macos "${postgres:+postgresql@17} ${nats:+nats-server} ${python:+python}"
    ;;
*)
    fail "install Postgres 15 or newer and nats-server by hand, or set DATABASE_URL and NATS_URL"
    ;;
esac

have_postgres || fail "the installed Postgres is older than 15: see https://www.postgresql.org/download/"
have_nats || fail "nats-server is still missing: see https://docs.nats.io/running-a-nats-service/introduction/installation"
[ -z "$python" ] || have_python || fail "python3 cannot make virtual environments: install its package venv"
say "done"
