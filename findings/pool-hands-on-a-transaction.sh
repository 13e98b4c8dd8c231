#!/usr/bin/env bash
# A connection that is given back within a transaction is handed on with it, and with its user, by the pools of Node.js and Ruby.
#
# Versions: pg 8.23.1, pg-promise 12.7.1, postgres 3.4.9, knex 3.3.0, kysely 0.29.9 and typeorm 1.1.1 of npm; Active Record 6.1.7.10,
# Sequel 5.63.0, asyncpg 0.27.0, psycopg_pool 3.1.5, psycopg2 2.9.5 and SQLAlchemy 1.4.46 of Debian 12; PostgreSQL 15.
# Behaviour: Python's pools look at each connection that comes back, and roll back what is open. The others do not look, TypeORM's
# QueryRunner not even where it began the transaction itself: the next borrower is in the midst of it, its own
# BEGIN is a warning, and its COMMIT writes what the first one had left open.
# Seen: a borrower says within BEGIN that it is ada (set_config, local), adds a note, and gives the connection back. The next one:
#       is ada, and commits the note, with all eight of npm and Ruby; is nobody, and there is no note, with the four of Python
# Matters to: whoever keeps the user in the transaction, because it ends by itself. It does when somebody ends it: one early
# return between BEGIN and COMMIT, and the finally that releases, let the next request ask as this one's user.
#
# Uses Debian's packages as they are installed, installs npm's in a temporary folder, starts a PostgreSQL of its own, and fails
# when one answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    (cd "$dir" && npm init --yes >/dev/null &&
        npm install --silent --no-audit --no-fund pg@8.23.1 pg-promise@12.7.1 postgres@3.4.9 knex@3.3.0 kysely@0.29.9 typeorm@1.1.1 >/dev/null)
    scripts/with-cluster findings/pool-hands-on-a-transaction.sh --started "$dir"
    exit
fi
cd "$2"

psql --no-psqlrc --quiet --command='CREATE TABLE notes (body text)'
export IS_ADA="SELECT set_config('app.user_id', 'ada', true)" ADD="INSERT INTO notes VALUES ('of ada')"
export WHO="SELECT COALESCE(NULLIF(current_setting('app.user_id', true), ''), 'nobody') AS who"

cat >pools.mjs <<'JS'
import knexOf from 'knex'
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import pgPromise from 'pg-promise'
import postgres from 'postgres'
import { DataSource } from 'typeorm'

const { PGHOST: host, PGDATABASE: database, PGUSER: user, IS_ADA, ADD, WHO } = process.env
const left = ['BEGIN', IS_ADA, ADD]

/** What the first borrower does. */
async function leave(ask) {
  for (const text of left) await ask(text)
}

/** For each pool of one connection: leaves a transaction open, and answers who the next one is, after a transaction of its own. */
const pools = {
  async pg() {
    const pool = new pg.Pool({ max: 1 })
    const first = await pool.connect()
    await leave((text) => first.query(text))
    first.release()
    const next = await pool.connect()
    const { rows } = await next.query(WHO)
    for (const text of ['BEGIN', 'SELECT 1', 'COMMIT']) await next.query(text)
    return rows
  },
  async 'pg-promise'() {
    const db = pgPromise()({ host, database, user, max: 1 })
    await db.task((t) => leave((text) => t.any(text)))
    const rows = await db.any(WHO)
    await db.tx((t) => t.any('SELECT 1'))
    return rows
  },
  async postgres() {
    const sql = postgres({ host, database, user, max: 1, onnotice() {} })
    const first = await sql.reserve()
    await leave((text) => first.unsafe(text))
    first.release()
    const rows = await sql.unsafe(WHO)
    await sql.begin((t) => t`SELECT 1`)
    return rows
  },
  async knex() {
    const knex = knexOf({ client: 'pg', connection: { host, database, user }, pool: { min: 0, max: 1 } })
    const first = await knex.client.acquireConnection()
    await leave((text) => knex.raw(text).connection(first))
    await knex.client.releaseConnection(first)
    const { rows } = await knex.raw(WHO)
    await knex.transaction((trx) => trx.raw('SELECT 1'))
    return rows
  },
  async kysely() {
    const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ max: 1 }) }) })
    await db.connection().execute((first) => leave((text) => first.executeQuery(CompiledQuery.raw(text))))
    const { rows } = await db.executeQuery(CompiledQuery.raw(WHO))
    await db.transaction().execute((trx) => trx.executeQuery(CompiledQuery.raw('SELECT 1')))
    return rows
  },
  async typeorm() {
    const source = await new DataSource({ type: 'postgres', host, database, username: user, poolSize: 1 }).initialize()
    const first = source.createQueryRunner()
    await first.startTransaction()
    await first.query(IS_ADA)
    await first.query(ADD)
    await first.release()
    const rows = await source.query(WHO)
    await source.transaction((manager) => manager.query('SELECT 1'))
    return rows
  },
}

const observer = new pg.Client()
await observer.connect()
for (const [name, run] of Object.entries(pools)) {
  await observer.query('TRUNCATE notes')
  const [{ who }] = await run()
  console.log(`${name}: the next is ${who}, notes: ${(await observer.query('TABLE notes')).rowCount}`)
}
process.exit()
JS

cat >pools.rb <<'RUBY'
require 'active_record'
require 'pg'
require 'sequel'

wanted = %w[6.1.7.10 5.63.0]
have = [ActiveRecord.version.to_s, Sequel.version]
raise have.inspect unless have == wanted

IS_ADA, ADD, WHO = ENV.values_at('IS_ADA', 'ADD', 'WHO')

def by_active_record
  ActiveRecord::Base.establish_connection(adapter: 'postgresql', database: ENV['PGDATABASE'], pool: 1, min_messages: 'error')
  pool = ActiveRecord::Base.connection_pool
  first = pool.checkout
  ['BEGIN', IS_ADA, ADD].each { |text| first.execute(text) }
  pool.checkin(first)
  pool.with_connection do |connection|
    connection.select_value(WHO).tap { connection.transaction { connection.execute('SELECT 1') } }
  end
end

def by_sequel
  database = Sequel.postgres(host: ENV['PGHOST'], database: ENV['PGDATABASE'], user: ENV['PGUSER'], max_connections: 1,
                             client_min_messages: :error)
  database.synchronize { ['BEGIN', IS_ADA, ADD].each { |text| database.run(text) } }
  database.fetch(WHO).get(:who).tap { database.transaction { database.run('SELECT 1') } }
end

observer = PG.connect
{ 'Active Record' => method(:by_active_record), 'Sequel' => method(:by_sequel) }.each do |name, run|
  observer.exec('TRUNCATE notes')
  who = run.call
  puts "#{name}: the next is #{who}, notes: #{observer.exec('TABLE notes').ntuples}"
end
RUBY

cat >pools.py <<'PY'
import asyncio
import logging
import os
from importlib.metadata import version

import asyncpg
import psycopg
import psycopg2.pool
import psycopg_pool
import sqlalchemy

wanted = {'asyncpg': '0.27.0', 'psycopg_pool': '3.1.5', 'psycopg2': '2.9.5', 'sqlalchemy': '1.4.46'}
have = {name: version(name) for name in wanted}
assert have == wanted, have

logging.disable()  # asyncpg and psycopg_pool warn of the transaction
IS_ADA, ADD, WHO = (os.environ[name] for name in ('IS_ADA', 'ADD', 'WHO'))


def by_asyncpg():
    async def run():
        async with asyncpg.create_pool(min_size=1, max_size=1) as pool:
            first = await pool.acquire()
            for text in ('BEGIN', IS_ADA, ADD):
                await first.execute(text)
            await pool.release(first)
            async with pool.acquire() as connection:
                who = await connection.fetchval(WHO)
                async with connection.transaction():
                    await connection.execute('SELECT 1')
                return who
    return asyncio.run(run())


def by_psycopg_pool():
    with psycopg_pool.ConnectionPool(min_size=1, max_size=1) as pool:
        first = pool.getconn()
        for text in (IS_ADA, ADD):  # psycopg begins by itself
            first.execute(text)
        pool.putconn(first)
        with pool.connection() as connection:
            return connection.execute(WHO).fetchone()[0]


def by_psycopg2():
    pool = psycopg2.pool.ThreadedConnectionPool(1, 1, '')
    first = pool.getconn()
    for text in (IS_ADA, ADD):
        first.cursor().execute(text)
    pool.putconn(first)
    with pool.getconn() as connection, connection.cursor() as cursor:
        cursor.execute(WHO)
        return cursor.fetchone()[0]


def by_sqlalchemy():
    engine = sqlalchemy.create_engine('postgresql+psycopg2://', pool_size=1, max_overflow=0, future=True)
    first = engine.connect()
    for text in (IS_ADA, ADD):
        first.execute(sqlalchemy.text(text))
    first.close()
    with engine.begin() as connection:
        return connection.execute(sqlalchemy.text(WHO)).scalar()


observer = psycopg.connect(autocommit=True)
for pool, run in (('asyncpg', by_asyncpg), ('psycopg_pool', by_psycopg_pool), ('psycopg2', by_psycopg2), ('SQLAlchemy', by_sqlalchemy)):
    observer.execute('TRUNCATE notes')
    print(f'{pool}: the next is {run()}, notes: {observer.execute("TABLE notes").rowcount}')
PY

expected='pg: the next is ada, notes: 1
pg-promise: the next is ada, notes: 1
postgres: the next is ada, notes: 1
knex: the next is ada, notes: 1
kysely: the next is ada, notes: 1
typeorm: the next is ada, notes: 1
Active Record: the next is ada, notes: 1
Sequel: the next is ada, notes: 1
asyncpg: the next is nobody, notes: 0
psycopg_pool: the next is nobody, notes: 0
psycopg2: the next is nobody, notes: 0
SQLAlchemy: the next is nobody, notes: 0'
seen=$(node pools.mjs && ruby pools.rb && /usr/bin/python3 -B pools.py)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
