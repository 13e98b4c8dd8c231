#!/usr/bin/env bash
# Most clients call a COMMIT a success that has rolled everything back.
#
# Versions: pg 8.23.1, pg-promise 12.7.1, postgres 3.4.9, knex 3.3.0, kysely 0.29.9, drizzle-orm 0.45.4, sequelize 6.37.8,
# typeorm 1.1.1, @mikro-orm/postgresql 6.6.7 of npm; psycopg2 2.9.5, psycopg 3.1.7, asyncpg 0.27.0, SQLAlchemy 1.4.46, Django
# 3.2.25, Ruby's pg 1.4.5, Active Record 6.1.7.10, Sequel 5.63.0 and PHP 8.2's PDO of Debian 12; PostgreSQL 15.
# Behaviour: a statement that failed has aborted its transaction, also where its error was caught. PostgreSQL then
# answers COMMIT with ROLLBACK, which is no error. Postgres.js raises the statement's error again, and Kysely one of its own;
# with all others the transaction returns as if it had been committed. pg gives the word ROLLBACK away, as the answer's command.
# Seen: a session is deleted, a note about it fails and is caught, COMMIT: the session is still there with all 18, and 16 say nothing
# Matters to: whoever ends sessions or takes rights away in a transaction that goes on after an error, such as one of an
# audit log that must not keep anybody from logging out. A savepoint around that statement is enough.
#
# Uses Debian's packages as they are installed, installs npm's in a temporary folder, starts a PostgreSQL of its own, and fails
# when one answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    (cd "$dir" && npm init --yes >/dev/null &&
        npm install --silent --no-audit --no-fund pg@8.23.1 pg-promise@12.7.1 postgres@3.4.9 knex@3.3.0 kysely@0.29.9 \
            drizzle-orm@0.45.4 sequelize@6.37.8 typeorm@1.1.1 @mikro-orm/core@6.6.7 @mikro-orm/postgresql@6.6.7 >/dev/null)
    scripts/with-cluster findings/commit-that-rolled-back.sh --started "$dir"
    exit
fi
cd "$2"

psql --no-psqlrc --quiet --command='CREATE TABLE sessions (id int)' --command='CREATE TABLE log (happened_at timestamptz)'
export END_SESSION='DELETE FROM sessions' NOTE="INSERT INTO log VALUES ('not a time')"

cat >commit.mjs <<'JS'
import { EntitySchema, MikroORM } from '@mikro-orm/postgresql'
import { sql as drizzleSql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import knexOf from 'knex'
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import pgPromise from 'pg-promise'
import postgres from 'postgres'
import { Sequelize } from 'sequelize'
import { DataSource } from 'typeorm'

const { PGHOST: host, PGDATABASE: database, PGUSER: user, END_SESSION, NOTE } = process.env
const pool = new pg.Pool()

/** What an application does in its transaction: ask runs a statement in it. */
async function logOut(ask) {
  await ask(END_SESSION)
  await ask(NOTE).catch(() => {})
}

const clients = {
  async pg() {
    const client = await pool.connect()
    await client.query('BEGIN')
    await logOut((text) => client.query(text))
    const { command } = await client.query('COMMIT')
    client.release()
    return `says nothing, the command was ${command}`
  },
  'pg-promise': () => pgPromise()({ host, database, user }).tx((t) => logOut((text) => t.none(text))),
  postgres: () => postgres({ host, database, user }).begin((sql) => logOut((text) => sql.unsafe(text))),
  knex: () => knexOf({ client: 'pg', connection: { host, database, user } }).transaction((trx) => logOut((text) => trx.raw(text))),
  kysely: () => new Kysely({ dialect: new PostgresDialect({ pool }) }).transaction()
    .execute((trx) => logOut((text) => trx.executeQuery(CompiledQuery.raw(text)))),
  'drizzle-orm': () => drizzle(pool).transaction((tx) => logOut((text) => tx.execute(drizzleSql.raw(text)))),
  async sequelize() {
    const sequelize = new Sequelize(database, user, null, { dialect: 'postgres', host, logging: false })
    await sequelize.transaction((transaction) => logOut((text) => sequelize.query(text, { transaction })))
  },
  async typeorm() {
    const source = await new DataSource({ type: 'postgres', host, database, username: user }).initialize()
    await source.transaction((manager) => logOut((text) => manager.query(text)))
  },
  async '@mikro-orm/postgresql'() {
    const entities = [new EntitySchema({ name: 'Session', properties: { id: { type: 'integer', primary: true } } })]
    const orm = await MikroORM.init({ host, dbName: database, user, entities })
    await orm.em.fork().transactional((em) => logOut((text) => em.execute(text)))
  },
}

for (const [name, transaction] of Object.entries(clients)) {
  await pool.query('TRUNCATE sessions; INSERT INTO sessions VALUES (1)')
  const said = await transaction().then((word) => word ?? 'says nothing', (error) => `raises ${error.name}`)
  const { rows } = await pool.query('SELECT FROM sessions')
  console.log(`${name}: ${said}, sessions left: ${rows.length}`)
}
process.exit()
JS

cat >commit.py <<'PY'
import asyncio
import os
from importlib.metadata import version

import asyncpg
import django
import psycopg
import psycopg2
import sqlalchemy
from django.conf import settings
from django.db import connection as of_django
from django.db import transaction

wanted = {'asyncpg': '0.27.0', 'django': '3.2.25', 'psycopg': '3.1.7', 'psycopg2': '2.9.5', 'sqlalchemy': '1.4.46'}
have = {name: version(name) for name in wanted}
assert have == wanted, have

END_SESSION, NOTE = os.environ['END_SESSION'], os.environ['NOTE']
settings.configure(DATABASES={'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': os.environ['PGHOST'],
                                          'NAME': os.environ['PGDATABASE'], 'USER': os.environ['PGUSER']}})
django.setup()


def log_out(execute, error):
    execute(END_SESSION)
    try:
        execute(NOTE)
    except error:
        pass


def by_psycopg2():
    with psycopg2.connect('') as connection:
        log_out(connection.cursor().execute, psycopg2.Error)


def by_psycopg():
    with psycopg.connect('', autocommit=True) as connection, connection.transaction():
        log_out(connection.execute, psycopg.Error)


def by_asyncpg():
    async def run():
        connection = await asyncpg.connect()
        async with connection.transaction():
            await connection.execute(END_SESSION)
            try:
                await connection.execute(NOTE)
            except asyncpg.PostgresError:
                pass
        await connection.close()
    asyncio.run(run())


def by_sqlalchemy():
    with sqlalchemy.create_engine('postgresql+psycopg2://').begin() as connection:
        log_out(lambda text: connection.execute(sqlalchemy.text(text)), sqlalchemy.exc.DBAPIError)


def by_django():
    with transaction.atomic(), of_django.cursor() as cursor:
        log_out(cursor.execute, django.db.Error)


observer = psycopg.connect('', autocommit=True)
for client, run in (('psycopg2', by_psycopg2), ('psycopg', by_psycopg), ('asyncpg', by_asyncpg),
                    ('SQLAlchemy', by_sqlalchemy), ('Django', by_django)):
    observer.execute('TRUNCATE sessions; INSERT INTO sessions VALUES (1)')
    said = 'says nothing'
    try:
        run()
    except Exception as raised:
        said = f'raises {type(raised).__name__}'
    print(f'{client}: {said}, sessions left: {observer.execute("SELECT FROM sessions").rowcount}')
PY

cat >commit.rb <<'RUBY'
require 'active_record'
require 'pg'
require 'sequel'

wanted = %w[6.1.7.10 1.4.5 5.63.0]
have = [ActiveRecord.version.to_s, PG::VERSION, Sequel.version]
raise have.inspect unless have == wanted

def log_out(error)
  yield ENV['END_SESSION']
  begin
    yield ENV['NOTE']
  rescue error
    nil
  end
end

ActiveRecord::Base.establish_connection(adapter: 'postgresql', database: ENV['PGDATABASE'])
clients = {
  'pg of Ruby' => lambda {
    PG.connect.transaction { |connection| log_out(PG::Error) { |text| connection.exec(text) } }
  },
  'Active Record' => lambda {
    connection = ActiveRecord::Base.connection
    connection.transaction { log_out(ActiveRecord::StatementInvalid) { |text| connection.execute(text) } }
  },
  'Sequel' => lambda {
    database = Sequel.postgres(host: ENV['PGHOST'], database: ENV['PGDATABASE'], user: ENV['PGUSER'])
    database.transaction { log_out(Sequel::DatabaseError) { |text| database.run(text) } }
  }
}
observer = PG.connect
clients.each do |name, run|
  observer.exec('TRUNCATE sessions; INSERT INTO sessions VALUES (1)')
  said = begin
    run.call
    'says nothing'
  rescue StandardError => e
    "raises #{e.class}"
  end
  puts "#{name}: #{said}, sessions left: #{observer.exec('SELECT FROM sessions').ntuples}"
end
RUBY

cat >commit.php <<'PHP'
<?php
[$wanted, $have] = ['8.2', PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION];
$wanted === $have or exit("this is PHP $have\n");
$pdo = new PDO(sprintf('pgsql:host=%s;dbname=%s;user=%s', getenv('PGHOST'), getenv('PGDATABASE'), getenv('PGUSER')));
$pdo->exec('TRUNCATE sessions; INSERT INTO sessions VALUES (1)');
$said = 'says nothing';
try {
    $pdo->beginTransaction();
    $pdo->exec(getenv('END_SESSION'));
    try {
        $pdo->exec(getenv('NOTE'));
    } catch (PDOException) {
    }
    if ($pdo->commit() !== true) {
        $said = 'says false';
    }
} catch (PDOException $error) {
    $said = 'raises ' . $error::class;
}
echo "PDO: $said, sessions left: ", $pdo->query('SELECT 1 FROM sessions')->rowCount(), "\n";
PHP

expected='pg: says nothing, the command was ROLLBACK, sessions left: 1
pg-promise: says nothing, sessions left: 1
postgres: raises PostgresError, sessions left: 1
knex: says nothing, sessions left: 1
kysely: raises AbortedTransactionError, sessions left: 1
drizzle-orm: says nothing, sessions left: 1
sequelize: says nothing, sessions left: 1
typeorm: says nothing, sessions left: 1
@mikro-orm/postgresql: says nothing, sessions left: 1
psycopg2: says nothing, sessions left: 1
psycopg: says nothing, sessions left: 1
asyncpg: says nothing, sessions left: 1
SQLAlchemy: says nothing, sessions left: 1
Django: says nothing, sessions left: 1
pg of Ruby: says nothing, sessions left: 1
Active Record: says nothing, sessions left: 1
Sequel: says nothing, sessions left: 1
PDO: says nothing, sessions left: 1'
seen=$(node commit.mjs && /usr/bin/python3 -B commit.py && ruby commit.rb && php commit.php)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
