#!/usr/bin/env bash
# drizzle-kit push drops the policies that its schema file does not have, and switches row-level security off, unasked.
#
# Versions: drizzle-kit 0.31.11, drizzle-orm 0.45.4, pg 8.23.1, on PostgreSQL 15.
# Behaviour: push makes the database what the schema file says. Before it takes away a table or a column that has rows it asks; not
# before it drops a policy and disables row-level security, which it does of each table that the file has without a
# policy, and says "Changes applied" of. FORCE ROW LEVEL SECURITY stays, and forces nothing any more.
# Seen: before: row security t, policies 1, ada sees 1 of 2 rows     after: row security f, policies 0, ada sees 2 of 2 rows
# Matters to: whoever writes policies by hand or by an extension and columns in Drizzle. Take generate and migrate, which
# compare files with files; or push with --strict, which shows its statements and asks.
#
# Installs the packages in a temporary folder, starts a PostgreSQL of its own, and fails when it answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    (cd "$dir" && npm init --yes >/dev/null &&
        npm install --silent --no-audit --no-fund drizzle-kit@0.31.11 drizzle-orm@0.45.4 pg@8.23.1 >/dev/null)
    scripts/with-cluster findings/drizzle-kit-push-and-row-security.sh --started "$dir"
    exit
fi
cd "$2"

psql --no-psqlrc --quiet <<'SQL'
CREATE ROLE app LOGIN;
CREATE TABLE notes (id integer PRIMARY KEY, owner text NOT NULL);
INSERT INTO notes VALUES (1, 'ada'), (2, 'uwe');
ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner = current_setting('app.user_id', true));
GRANT SELECT ON notes TO app;
SQL

cat >drizzle.config.ts <<'TS'
import { defineConfig } from 'drizzle-kit'

const { PGHOST: host, PGDATABASE: database, PGUSER: user } = process.env
export default defineConfig({ dialect: 'postgresql', schema: './schema.ts', dbCredentials: { host, database, user, ssl: false } })
TS

cat >schema.ts <<'TS'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'

export const notes = pgTable('notes', { id: integer().primaryKey(), owner: text().notNull() })
TS

state() {
    local query="SELECT format('row security %s, policies %s', relrowsecurity, (SELECT count(*) FROM pg_policy))
        FROM pg_class WHERE relname = 'notes'"
    echo "$1: $(psql --no-psqlrc --tuples-only --no-align --command="$query")," \
        "ada sees $(PGUSER=app PGOPTIONS='-c app.user_id=ada' \
            psql --no-psqlrc --tuples-only --no-align --command='SELECT count(*) FROM notes') of 2 rows"
}

seen=$(
    state before
    npx --no-install drizzle-kit push </dev/null 2>&1 | grep --only-matching 'Changes applied\|rror.*'
    state after
)
expected='before: row security t, policies 1, ada sees 1 of 2 rows
Changes applied
after: row security f, policies 0, ada sees 2 of 2 rows'
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
