#!/usr/bin/env bash
# Whose rows an open cursor shows depends on its plan, when policies ask a setting who the user is.
#
# Version: PostgreSQL 15.
# Behaviour: a policy's condition is a condition of the query, and current_setting() is asked when the plan comes to it: for each
# row as it is fetched in a sequential scan, once at the first FETCH where it is the key of an index or where rows are
# sorted. Where the setting changes meanwhile, the same cursor goes on with the next user's rows, or with the first one's.
# Seen: 2 rows fetched as ada, the rest as uwe: by a sequential scan ada 1, ada 3, uwe 4, uwe 6
#       by an index, or sorted: ada 1, ada 3, ada 5     opened as ada, first fetched as uwe: uwe 2, uwe 4, uwe 6
# Matters to: whoever works for several users in one transaction, such as a job, and reads by server-side cursors, as
# psycopg's named cursors, JDBC's setFetchSize and PL/pgSQL's FOR loops do. Close them before the user changes.
#
# Starts a PostgreSQL of its own, and fails when it answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    exec scripts/with-cluster findings/cursor-under-row-security.sh --started
fi

version=$(psql --no-psqlrc --tuples-only --no-align --command='SHOW server_version_num')
[[ ${version:0:2} == 15 ]] || { echo "this is PostgreSQL $version" >&2; exit 1; }

psql --no-psqlrc --quiet <<'SQL'
CREATE ROLE app LOGIN;
CREATE TABLE notes (id int, owner text);
INSERT INTO notes SELECT i, CASE WHEN i % 2 = 1 THEN 'ada' ELSE 'uwe' END FROM generate_series(1, 6) i;
CREATE INDEX ON notes (owner);
ANALYZE notes;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner = current_setting('app.user_id', true));
GRANT SELECT ON notes TO app;
SQL

seen=$(PGUSER=app psql --no-psqlrc --quiet --tuples-only --no-align --field-separator=' ' --set=ON_ERROR_STOP=1 <<'SQL'
\echo by a sequential scan
BEGIN;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_bitmapscan = off;
SET LOCAL app.user_id = 'ada';
DECLARE mine CURSOR FOR SELECT owner, id FROM notes;
FETCH 2 FROM mine;
SET LOCAL app.user_id = 'uwe';
FETCH ALL FROM mine;
COMMIT;

\echo by an index
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL app.user_id = 'ada';
DECLARE mine CURSOR FOR SELECT owner, id FROM notes;
FETCH 2 FROM mine;
SET LOCAL app.user_id = 'uwe';
FETCH ALL FROM mine;
COMMIT;

\echo sorted
BEGIN;
SET LOCAL app.user_id = 'ada';
DECLARE mine CURSOR FOR SELECT owner, id FROM notes ORDER BY id;
FETCH 2 FROM mine;
SET LOCAL app.user_id = 'uwe';
FETCH ALL FROM mine;
COMMIT;

\echo sorted, opened as ada and first fetched as uwe
BEGIN;
SET LOCAL app.user_id = 'ada';
DECLARE mine CURSOR FOR SELECT owner, id FROM notes ORDER BY id;
SET LOCAL app.user_id = 'uwe';
FETCH ALL FROM mine;
COMMIT;
SQL
)
expected='by a sequential scan
ada 1
ada 3
uwe 4
uwe 6
by an index
ada 1
ada 3
ada 5
sorted
ada 1
ada 3
ada 5
sorted, opened as ada and first fetched as uwe
uwe 2
uwe 4
uwe 6'
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
