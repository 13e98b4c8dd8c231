#!/usr/bin/env bash
# A cancel of a statement that waits for its synchronous standby makes it succeed; statement_timeout does not end it.
#
# Version: PostgreSQL 15.
# Behaviour: what is committed waits for the standbys of synchronous_standby_names after it has been written to the server's own
# disk. Nothing can take it back then: a cancel ends the wait, and the statement is answered as one that has worked, with a
# WARNING. statement_timeout no longer counts in that wait.
# Seen: DELETE of a session without a standby, statement_timeout 100 ms: waits after 1 s, others still see the session
#       pg_cancel_backend: WARNING: canceling wait for synchronous replication due to user request, DELETE 1, the session is gone
# Matters to: whoever ends sessions on a server with synchronous standbys. The client has a success, where other
# cancelled statements are 57014 and undone; and a standby that is promoted has the session still.
#
# Starts a PostgreSQL of its own, and fails when it answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    CLUSTER_CONF="synchronous_commit = on
synchronous_standby_names = 'standby'" exec scripts/with-cluster findings/cancelled-commit-succeeds.sh --started
fi

# What others do waits for no standby.
ask() {
    PGOPTIONS='-c synchronous_commit=local' psql --no-psqlrc --quiet --tuples-only --no-align --command="$1"
}

version=$(ask 'SHOW server_version_num')
[[ ${version:0:2} == 15 ]] || { echo "this is PostgreSQL $version" >&2; exit 1; }

ask "CREATE TABLE sessions (user_id text)"
ask "INSERT INTO sessions VALUES ('ada')"
waiting="SELECT pid FROM pg_stat_activity WHERE application_name = 'ends the session' AND wait_event = 'SyncRep'"

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
seen=$(
    PGAPPNAME='ends the session' PGOPTIONS='-c statement_timeout=100ms' psql --no-psqlrc --set=VERBOSITY=terse \
        --command='DELETE FROM sessions' >"$answer" 2>&1 &
    for _ in {1..100}; do
        [[ -z $(ask "$waiting") ]] || break
        sleep 0.1
    done
    sleep 1
    echo "waits: $(ask "SELECT EXISTS ($waiting)"), sessions for others: $(ask 'SELECT count(*) FROM sessions')"
    echo "cancelled: $(ask "SELECT pg_cancel_backend(pid) FROM ($waiting) waiting")"
    wait $!
    cat "$answer"
    echo "sessions: $(ask 'SELECT count(*) FROM sessions')"
)
expected='waits: t, sessions for others: 1
cancelled: t
WARNING:  canceling wait for synchronous replication due to user request
DELETE 1
sessions: 0'
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
