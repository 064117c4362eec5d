#!/bin/sh
# Asks a running server whether it keeps what its OpenAPI document says: builds tapedeck, serves a small data set from a
# fresh folder on a free port, lets schemathesis send it a few thousand requests, good and bad, and stops. Takes two
# minutes at most.
#
# It asks as an administrator of its own, signed in. Operations that would end this session, take the administrator's role
# or change the password are left out; tests/http asks them.
#
# SEED            of the generated requests; the same seed sends the same ones
# EXAMPLES        generated requests for each operation
# MORE_CHECKS     further checks of schemathesis, by name, separated by commas
set -eu
cd "$(dirname "$0")/.."

SCHEMATHESIS=4.32.5
SEED=${SEED:-20250711}
EXAMPLES=${EXAMPLES:-20}
CHECKS=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance
CHECKS=$CHECKS,response_schema_conformance,unsupported_method,allow_header_conformance,missing_required_header
CHECKS=$CHECKS${MORE_CHECKS:+,$MORE_CHECKS}
mkdir -p "${CARGO_TARGET_DIR:-target}"
TARGET=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)

say() { printf 'conformance: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

scripts/setup.sh python
venv=$TARGET/conformance/schemathesis-$SCHEMATHESIS
if [ ! -x "$venv/bin/schemathesis" ]; then
    say "installing schemathesis $SCHEMATHESIS from PyPI into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS"
fi

cargo build --quiet --bin tapedeck
tapedeck=$TARGET/debug/tapedeck

work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# Everybody must be able to look for the folder of the private servers, which may run as another user.
chmod 755 "$work"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port/api/v1
# Its own servers, whatever others this shell knows of.
unset DATABASE_URL NATS_URL
TAPEDECK_DATA_DIR=$work/data
export TAPEDECK_DATA_DIR
# Every request comes from one client, which signs in with many wrong passwords. Hashing them slowly proves nothing here.
for rate in USER ADDRESS OWNER; do
    export "TAPEDECK_HTTP__RATES__${rate}_PER_MINUTE=1000000" "TAPEDECK_HTTP__RATES__${rate}_PER_SECOND=100000"
done
export TAPEDECK_HTTP__RATES__LOGINS_PER_MINUTE=1000000
export TAPEDECK_IDENTITY__THROTTLE__ACCOUNT_FREE=1000000 TAPEDECK_IDENTITY__THROTTLE__ADDRESS_FREE=1000000
export TAPEDECK_IDENTITY__ARGON2__MEMORY_KIB=64 TAPEDECK_IDENTITY__ARGON2__PASSES=1

say "starting tapedeck on port $port"
"$tapedeck" serve --listen "127.0.0.1:$port" >"$work/out" 2>"$work/log" &
server=$!
tries=0
until python3 -c "import urllib.request as u; u.urlopen('$url/health/ready', timeout=2)" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 120 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$work/log" >&2
        fail "the server did not become ready"
    fi
    sleep 0.5
done
"$tapedeck" import prices data/prices/factor_etfs.csv.gz >/dev/null

email=conformance@example.com
password=Conformance-$SEED-Aa1
printf '%s\n' "$password" |
    "$tapedeck" account create-admin --email "$email" --full-name Conformance --password-stdin >/dev/null
AUTHORIZATION="Bearer $(python3 - "$url" "$email" "$password" <<'PYTHON'
import json, sys, urllib.request

url, email, password = sys.argv[1:]
body = json.dumps({"email": email, "password": password}).encode()
request = urllib.request.Request(url + "/auth/login", data=body, headers={"Content-Type": "application/json"})
print(json.load(urllib.request.urlopen(request, timeout=30))["data"]["access_token"])
PYTHON
)"
export AUTHORIZATION

# Ids that exist, so that not every question is about nothing.
python3 - "$url" >"$work/schemathesis.toml" <<'PYTHON'
import json, os, sys, time, urllib.request

url = sys.argv[1]

def ask(method, path, body=None):
    headers = {"Content-Type": "application/json", "Authorization": os.environ["AUTHORIZATION"]}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer = json.load(answer)
        return answer["data"], answer["meta"].get("position")

model = ask("POST", "/models", {"name": "Conformance"})[0]["model_id"]
started, position = ask("POST", f"/models/{model}/runs", {"start_date": "2020-01-02", "end_date": "2020-06-30"})
run = started["run_id"]
deadline = time.monotonic() + 30
while ask("GET", f"/runs/{run}?min_position={position}")[0]["status"] in ("pending", "running"):
    if time.monotonic() > deadline:
        sys.exit("conformance: the run does not end")
    time.sleep(0.2)

print("[parameters]")
# A position that nobody has written yet is waited for, two seconds, and then answered 503, as documented.
print('"header.X-Tape-Position" = "1"\n"query.min_position" = "1"')
for name, value in {"model": model, "run": run, "stream": f"run-{run}", "position": 1, "symbol": "MTUM", "projection": "streams"}.items():
    print(f'"path.{name}" = {json.dumps(str(value))}')
PYTHON

# Streams, which do not end; and what would end the session that asks.
excluded='/(stream|tail|progress)$|/auth/(logout|password|sessions)|/admin/users/[^/]*/(role|deactivate|sessions)'
set -- run "http://127.0.0.1:$port/api/v1/openapi.json" \
    --checks "$CHECKS" \
    --phases examples,coverage,fuzzing \
    --max-examples "$EXAMPLES" --max-time 60 --seed "$SEED" --request-timeout 10 \
    --exclude-path-regex "$excluded" \
    --header "Authorization: $AUTHORIZATION" \
    --continue-on-failure --no-shrink --warnings off --no-color
say "asking with seed $SEED"
status=0
(cd "$work" && "$venv/bin/schemathesis" --config-file "$work/schemathesis.toml" "$@") || status=$?
if ! kill -0 "$server" 2>/dev/null; then
    tail -50 "$work/log" >&2
    fail "the server died"
fi
if grep -q ' ERROR ' "$work/log"; then
    grep ' ERROR ' "$work/log" | head -20 >&2
    fail "the server logged errors"
fi
[ "$status" -eq 0 ] || fail "the server and its document differ; repeat with SEED=$SEED make conformance"
say "the server keeps what its document says"
