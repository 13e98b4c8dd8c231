#!/usr/bin/env bash
# A session that ends at infinity is one that lives, one that neither lives nor is over, or an error, as the driver reads it.
#
# Versions: pg 8.23.1, typeorm 1.1.1, postgres 3.4.9, drizzle-orm 0.45.4 and @mikro-orm/postgresql 6.6.7 of npm; psycopg2 2.9.5,
# psycopg 3.1.7, asyncpg 0.27.0, Active Record 6.1.7.10 and Sequel 5.63.0 of Debian 12; PostgreSQL 15.
# Behaviour: infinity is PostgreSQL's "later than all other timestamps". pg and Active Record make the number Infinity of it, which
# JavaScript compares with a Date and Ruby not with a Time; Postgres.js, Drizzle and MikroORM an invalid Date, of which each
# comparison is false; psycopg2 the last instant of 9999; asyncpg as well, but without a time zone, so that it cannot be
# compared with what it makes of any other timestamptz; psycopg and Sequel raise an error.
# Seen: expires > now, and expires < now: true and false with pg, typeorm and psycopg2; false and false with postgres, drizzle-orm
#       and MikroORM; an error with asyncpg and Active Record; with psycopg and Sequel the SELECT itself fails
# Matters to: whoever writes infinity for "never" where an application judges the expiry. Of an invalid Date one that asks
# whether it is over says that the session lives, and one that asks whether it is still to come that it does not. The year
# 9999 is read alike by all ten.
#
# Uses Debian's packages as they are installed, installs npm's in a temporary folder, starts a PostgreSQL of its own, and fails
# when one answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    (cd "$dir" && npm init --yes >/dev/null &&
        npm install --silent --no-audit --no-fund pg@8.23.1 postgres@3.4.9 drizzle-orm@0.45.4 typeorm@1.1.1 \
            @mikro-orm/core@6.6.7 @mikro-orm/postgresql@6.6.7 >/dev/null)
    scripts/with-cluster findings/expiry-at-infinity.sh --started "$dir"
    exit
fi
cd "$2"

cat >expiry.mjs <<'JS'
import { EntitySchema as MikroSchema, MikroORM } from '@mikro-orm/postgresql'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, timestamp } from 'drizzle-orm/pg-core'
import pg from 'pg'
import postgres from 'postgres'
import { DataSource, EntitySchema } from 'typeorm'

const { PGHOST: host, PGDATABASE: database, PGUSER: user } = process.env
const pool = new pg.Pool()

const clients = {
  pg: async () => (await pool.query('SELECT expires FROM sessions')).rows,
  async typeorm() {
    const session = new EntitySchema({ name: 'sessions', columns: { id: { type: 'int', primary: true }, expires: { type: 'timestamptz' } } })
    const source = await new DataSource({ type: 'postgres', host, database, username: user, entities: [session] }).initialize()
    return source.getRepository(session).find()
  },
  postgres: () => postgres({ host, database, user })`SELECT expires FROM sessions`,
  'drizzle-orm': () => drizzle(pool).select().from(pgTable('sessions', { id: integer(), expires: timestamp({ withTimezone: true }) })),
  async '@mikro-orm/postgresql'() {
    const properties = { id: { type: 'integer', primary: true }, expires: { type: 'Date' } }
    const orm = await MikroORM.init({ host, dbName: database, user, entities: [new MikroSchema({ name: 'sessions', properties })] })
    return orm.em.fork().find('sessions', {})
  },
}

const now = new Date()
for (const [name, rows] of Object.entries(clients)) {
  const [{ expires }] = await rows()
  console.log(`${name}: ${expires}, expires > now ${expires > now}, expires < now ${expires < now}`)
}
process.exit()
JS

cat >expiry.py <<'PY'
import asyncio
from datetime import datetime, timezone
from importlib.metadata import version

import asyncpg
import psycopg
import psycopg2

wanted = {'asyncpg': '0.27.0', 'psycopg': '3.1.7', 'psycopg2': '2.9.5'}
have = {name: version(name) for name in wanted}
assert have == wanted, have

EXPIRES = 'SELECT expires FROM sessions'
now = datetime.now(timezone.utc)


def by_psycopg2():
    cursor = psycopg2.connect('').cursor()
    cursor.execute(EXPIRES)
    return cursor.fetchone()[0]


def by_psycopg():
    return psycopg.connect('').execute(EXPIRES).fetchone()[0]


def by_asyncpg():
    async def run():
        return await (await asyncpg.connect()).fetchval(EXPIRES)
    return asyncio.run(run())


for name, read in (('psycopg2', by_psycopg2), ('psycopg', by_psycopg), ('asyncpg', by_asyncpg)):
    said = []
    try:
        expires = read()
        said.append(str(expires))
        said.append(f'expires > now {str(expires > now).lower()}, expires < now {str(expires < now).lower()}')
    except (psycopg.Error, TypeError) as error:
        said.append(f'raises {type(error).__name__}')
    print(f'{name}: ' + ', '.join(said))
PY

cat >expiry.rb <<'RUBY'
require 'active_record'
require 'sequel'

wanted = %w[6.1.7.10 5.63.0]
have = [ActiveRecord.version.to_s, Sequel.version]
raise have.inspect unless have == wanted

ActiveRecord::Base.establish_connection(adapter: 'postgresql', database: ENV['PGDATABASE'])
class Session < ActiveRecord::Base; end
sequel = Sequel.postgres(host: ENV['PGHOST'], database: ENV['PGDATABASE'], user: ENV['PGUSER'])
now = Time.now
{ 'Active Record' => -> { Session.first.expires }, 'Sequel' => -> { sequel[:sessions].first[:expires] } }.each do |name, read|
  said = []
  begin
    expires = read.call
    said << expires.to_s
    said << "expires > now #{expires > now}, expires < now #{expires < now}"
  rescue ArgumentError => e
    said << "raises #{e.class}"
  end
  puts "#{name}: #{said.join(', ')}"
end
RUBY

expected='pg: Infinity, expires > now true, expires < now false
typeorm: Infinity, expires > now true, expires < now false
postgres: Invalid Date, expires > now false, expires < now false
drizzle-orm: Invalid Date, expires > now false, expires < now false
@mikro-orm/postgresql: Invalid Date, expires > now false, expires < now false
psycopg2: 9999-12-31 23:59:59.999999+00:00, expires > now true, expires < now false
psycopg: raises DataError
asyncpg: 9999-12-31 23:59:59.999999, raises TypeError
Active Record: Infinity, raises ArgumentError
Sequel: raises ArgumentError'
psql --no-psqlrc --quiet --command="CREATE TABLE sessions (id int PRIMARY KEY, expires timestamptz)" \
    --command="INSERT INTO sessions VALUES (1, 'infinity')"
seen=$(node expiry.mjs && /usr/bin/python3 -B expiry.py && ruby expiry.rb)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
psql --no-psqlrc --quiet --command="UPDATE sessions SET expires = '9999-12-31'"
seen=$(node expiry.mjs && /usr/bin/python3 -B expiry.py && ruby expiry.rb)
echo "$seen"
[[ $(grep --count 'expires > now true, expires < now false' <<<"$seen") == 10 ]] || { echo 'the year 9999 is not read by all' >&2; exit 1; }
