#!/usr/bin/env bash
# connect-pg-simple's sessions end earlier or later where connections have different time zones.
#
# Versions: connect-pg-simple 10.0.0, express-session 1.19.0, pg 8.23.1, on PostgreSQL 15.
# Behaviour: its table.sql makes expire a timestamp without a time zone. It writes and compares
# to_timestamp(seconds), an instant, which PostgreSQL turns into the clock of that connection's TimeZone. A session
# that is written by a connection in one zone is judged by the clock of another one.
# Seen: a session of one hour, written in UTC: found in UTC, not found in Asia/Tokyo
# Matters to: several services, or a reporting role or pooler with a TimeZone of its own, on one table; and everybody
# in the hour that comes twice in autumn. With expire as timestamptz it is found in both.
#
# Installs the packages in a temporary folder, starts a PostgreSQL of its own, and fails when it answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    (cd "$dir" && npm init --yes >/dev/null &&
        npm install --silent --no-audit --no-fund connect-pg-simple@10.0.0 express-session@1.19.0 pg@8.23.1 >/dev/null)
    scripts/with-cluster findings/connect-pg-simple-time-zone.sh --started "$dir"
    exit
fi
cd "$2"

cat >zone.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import connectPgSimple from 'connect-pg-simple'
import session from 'express-session'
import pg from 'pg'

const Store = connectPgSimple(session)
const zones = ['UTC', 'Asia/Tokyo']
const pools = zones.map((zone) => new pg.Pool({ options: `-c TimeZone=${zone}` }))
const stores = pools.map((pool) => new Store({ pool, pruneSessionInterval: false }))

async function found(type) {
  await promisify(stores[0].set.bind(stores[0]))(type, { cookie: { expires: new Date(Date.now() + 3600e3) }, user: 42 })
  for (const [i, store] of stores.entries()) {
    const there = await promisify(store.get.bind(store))(type)
    console.log(`${type}: written in UTC, ${there ? 'found' : 'not found'} in ${zones[i]}`)
  }
}

await pools[0].query(readFileSync('node_modules/connect-pg-simple/table.sql', 'utf8'))
await found('timestamp')
await pools[0].query('ALTER TABLE session ALTER expire TYPE timestamptz')
await found('timestamptz')
await Promise.all(pools.map((pool) => pool.end()))
JS

expected='timestamp: written in UTC, found in UTC
timestamp: written in UTC, not found in Asia/Tokyo
timestamptz: written in UTC, found in UTC
timestamptz: written in UTC, found in Asia/Tokyo'
seen=$(node zone.mjs)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
