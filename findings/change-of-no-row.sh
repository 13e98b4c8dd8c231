#!/usr/bin/env bash
# An object whose row the policies did not let be changed is saved, and deleted, say most object-relational mappers.
#
# Versions: sequelize 6.37.8, typeorm 1.1.1, @mikro-orm/postgresql 6.6.7, objection 3.1.5 on knex 3.3.0 and @prisma/client 7.9.1 of npm;
# Django 3.2.25, SQLAlchemy 1.4.46, Active Record 6.1.7.10, Sequel 5.63.0, Eloquent (php-illuminate-database 8.83) and Doctrine
# 2.14.1 of Debian 12; PostgreSQL 15.
# Behaviour: a row that may be read and not be changed is to UPDATE and DELETE as if it were not there: UPDATE 0, and no error. Six
# mappers do not look at that number: save() is true in Active Record and Eloquent, destroyed? is true, and the object has
# the new value. Objection answers with the number itself. The others raise an error of their own, SQLAlchemy not for DELETE;
# Django takes the row for a new one, inserts it, and has the primary key's error; its delete() answers with 0 rows.
# Seen: uwe changes and deletes ada's note, which all may read: no error with Sequelize, TypeORM, MikroORM, Active Record, Eloquent and
#       Doctrine; 0 with Objection; errors with Prisma and Sequel, and for the change with Django and SQLAlchemy
# Matters to: whoever leaves it to row-level security who may change what. The user reads that it was saved, an administrator that
# a session was deleted, and so does the audit log. Count the rows that were changed.
#
# Uses Debian's packages as they are installed, installs npm's in a temporary folder, starts a PostgreSQL of its own, and fails
# when one answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    (cd "$dir" && npm init --yes >/dev/null &&
        npm install --silent --no-audit --no-fund sequelize@6.37.8 pg@8.23.1 typeorm@1.1.1 @mikro-orm/core@6.6.7 \
            @mikro-orm/postgresql@6.6.7 objection@3.1.5 knex@3.3.0 prisma@7.9.1 @prisma/client@7.9.1 @prisma/adapter-pg@7.9.1 >/dev/null)
    scripts/with-cluster findings/change-of-no-row.sh --started "$dir"
    exit
fi
cd "$2"

cat >schema.prisma <<'PRISMA'
generator client {
  provider = "prisma-client-js"
}
datasource db {
  provider = "postgresql"
}
model notes {
  id    Int    @id
  title String
}
PRISMA
# Generating needs no engine, but Prisma looks for one and would download it.
PRISMA_SCHEMA_ENGINE_BINARY=/bin/true CHECKPOINT_DISABLE=1 npm exec --offline -- prisma generate --schema schema.prisma >/dev/null 2>&1

cat >change.mjs <<'JS'
import { EntitySchema as MikroSchema, MikroORM } from '@mikro-orm/postgresql'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '@prisma/client'
import knexOf from 'knex'
import { Model } from 'objection'
import { DataTypes, Sequelize } from 'sequelize'
import { DataSource, EntitySchema } from 'typeorm'

const { PGHOST: host, PGDATABASE: database, PGUSER: user } = process.env
const after = { title: 'after' }

/** For each mapper: how it saves and deletes an object that it has read. */
const mappers = {
  async sequelize() {
    const sequelize = new Sequelize(database, user, null, { dialect: 'postgres', host, logging: false })
    const note = await sequelize.define('notes', { title: DataTypes.TEXT }, { timestamps: false }).findByPk(1)
    return [() => note.set(after).save(), () => note.destroy()]
  },
  async typeorm() {
    const columns = { id: { type: 'int', primary: true }, title: { type: 'text' } }
    const entities = [new EntitySchema({ name: 'notes', columns })]
    const source = await new DataSource({ type: 'postgres', host, database, username: user, entities }).initialize()
    const notes = source.getRepository('notes')
    const note = await notes.findOneBy({ id: 1 })
    return [() => notes.save(Object.assign(note, after)), () => notes.remove(note)]
  },
  async '@mikro-orm/postgresql'() {
    const properties = { id: { type: 'integer', primary: true }, title: { type: 'text' } }
    const orm = await MikroORM.init({ host, dbName: database, user, entities: [new MikroSchema({ name: 'notes', properties })] })
    const em = orm.em.fork()
    const note = await em.findOne('notes', 1)
    return [() => em.assign(note, after) && em.flush(), () => em.remove(note).flush()]
  },
  async objection() {
    class Note extends Model {
      static tableName = 'notes'
    }
    Note.knex(knexOf({ client: 'pg', connection: { host, database, user } }))
    const note = await Note.query().findById(1)
    return [() => note.$query().patch(after), () => note.$query().delete()]
  },
  async '@prisma/client'() {
    const { notes } = new PrismaClient({ adapter: new PrismaPg({ host, database, user }) })
    const { id } = await notes.findUniqueOrThrow({ where: { id: 1 } })
    return [() => notes.update({ where: { id }, data: after }), () => notes.delete({ where: { id } })]
  },
}

const saidOf = (act) => act().then((said) => (Number.isInteger(said) ? said : 'no error'), (error) => error.code ?? error.name)
for (const [name, read] of Object.entries(mappers)) {
  const [change, remove] = await read()
  console.log(`${name}: changed: ${await saidOf(change)}, deleted: ${await saidOf(remove)}`)
}
process.exit()
JS

cat >change.py <<'PY'
import os
import warnings
from importlib.metadata import version

import django
import sqlalchemy
from django.conf import settings
from sqlalchemy.orm import Session, declarative_base

wanted = {'django': '3.2.25', 'sqlalchemy': '1.4.46'}
have = {name: version(name) for name in wanted}
assert have == wanted, have

warnings.simplefilter('ignore', sqlalchemy.exc.SAWarning)
settings.configure(DATABASES={'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': os.environ['PGHOST'],
                                          'NAME': os.environ['PGDATABASE'], 'USER': os.environ['PGUSER']}})
django.setup()
from django.db import models  # noqa: E402, which needs the settings


class Note(models.Model):
    id = models.IntegerField(primary_key=True)
    title = models.TextField()

    class Meta:
        app_label = 'shop'
        db_table = 'notes'


class Row(declarative_base()):
    __tablename__ = 'notes'
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    title = sqlalchemy.Column(sqlalchemy.Text)


engine = sqlalchemy.create_engine('postgresql+psycopg2://')


def by_django(act):
    note = Note.objects.get(id=1)
    note.title = 'after'
    return note.save() if act == 'change' else note.delete()[0]


def by_sqlalchemy(act):
    with Session(engine) as session:
        note = session.get(Row, 1)
        if act == 'change':
            note.title = 'after'
        else:
            session.delete(note)
        session.commit()


def said_of(run, act):
    try:
        said = run(act)
        return 'no error' if said is None else said
    except Exception as error:
        return type(error).__name__


for name, run in (('Django', by_django), ('SQLAlchemy', by_sqlalchemy)):
    print(f'{name}: changed: {said_of(run, "change")}, deleted: {said_of(run, "delete")}')
PY

cat >change.rb <<'RUBY'
require 'active_record'
require 'sequel'

wanted = %w[6.1.7.10 5.63.0]
have = [ActiveRecord.version.to_s, Sequel.version]
raise have.inspect unless have == wanted

ActiveRecord::Base.establish_connection(adapter: 'postgresql', database: ENV['PGDATABASE'])
class Note < ActiveRecord::Base; end
sequel = Sequel.postgres(host: ENV['PGHOST'], database: ENV['PGDATABASE'], user: ENV['PGUSER'])
SequelNote = Class.new(Sequel::Model(sequel[:notes]))

def said_of
  yield
rescue StandardError => e
  e.class
end

note = Note.find(1)
changed = said_of { note.update!(title: 'after') }
deleted = said_of { note.destroy!.destroyed? && 'destroyed' }
puts "Active Record: changed: #{changed}, deleted: #{deleted}"
note = SequelNote[1]
changed = said_of { note.update(title: 'after') }
deleted = said_of { note.delete }
puts "Sequel: changed: #{changed}, deleted: #{deleted}"
RUBY

cat >change.php <<'PHP'
<?php
error_reporting(E_ALL & ~E_DEPRECATED);
require 'Doctrine/ORM/autoload.php';
require 'Illuminate/Database/autoload.php';

use Doctrine\DBAL\DriverManager;
use Doctrine\ORM\Configuration;
use Doctrine\ORM\EntityManager;
use Doctrine\ORM\Mapping as ORM;
use Doctrine\ORM\Mapping\Driver\AttributeDriver;
use Illuminate\Database\Capsule\Manager;
use Illuminate\Database\Eloquent\Model;

class Note extends Model
{
    protected $table = 'notes';
    public $timestamps = false;
}

#[ORM\Entity, ORM\Table(name: 'notes')]
class Row
{
    #[ORM\Id, ORM\Column(type: 'integer')]
    public $id;
    #[ORM\Column(type: 'text')]
    public $title;
}

/** What an act says, in a word. */
function said_of(callable $act): string
{
    try {
        return is_bool($said = $act()) ? var_export($said, true) : 'no error';
    } catch (Throwable $error) {
        return get_class($error);
    }
}

$where = ['host' => getenv('PGHOST'), 'port' => getenv('PGPORT')];
$manager = new Manager();
$manager->addConnection($where + ['driver' => 'pgsql', 'database' => getenv('PGDATABASE'), 'username' => getenv('PGUSER'), 'charset' => 'utf8']);
$manager->bootEloquent();
$note = Note::findOrFail(1);
$note->title = 'after';
echo 'Eloquent: changed: ', said_of(fn () => $note->save()), ', deleted: ', said_of(fn () => $note->delete()), "\n";

$config = new Configuration();
$config->setMetadataDriverImpl(new AttributeDriver([]));
$config->setProxyDir('.');
$config->setProxyNamespace('Proxies');
$em = new EntityManager(DriverManager::getConnection($where + ['driver' => 'pdo_pgsql', 'dbname' => getenv('PGDATABASE'), 'user' => getenv('PGUSER')], $config), $config);
$row = $em->find(Row::class, 1);
$row->title = 'after';
$changed = said_of(fn () => $em->flush());
$em->remove($row);
echo "Doctrine: changed: $changed, deleted: ", said_of(fn () => $em->flush()), "\n";
PHP

php=$(dpkg-query --show --showformat='${Version} ' php-doctrine-orm php-illuminate-database)
[[ $php == '2.14.1'*' 8.83.'* ]] || { echo "these are doctrine/orm and illuminate/database $php" >&2; exit 1; }

psql --no-psqlrc --quiet <<'SQL'
CREATE ROLE app LOGIN;
CREATE TABLE notes (id int PRIMARY KEY, owner text, title text);
INSERT INTO notes VALUES (1, 'ada', 'before');
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON notes FOR SELECT USING (true);
CREATE POLICY writers ON notes FOR INSERT WITH CHECK (true);
CREATE POLICY changers ON notes FOR UPDATE USING (owner = current_setting('app.user_id'));
CREATE POLICY deleters ON notes FOR DELETE USING (owner = current_setting('app.user_id'));
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO app;
ALTER ROLE app SET app.user_id = 'uwe';
SQL

expected='sequelize: changed: no error, deleted: no error
typeorm: changed: no error, deleted: no error
@mikro-orm/postgresql: changed: no error, deleted: no error
objection: changed: 0, deleted: 0
@prisma/client: changed: P2025, deleted: P2025
Django: changed: IntegrityError, deleted: 0
SQLAlchemy: changed: StaleDataError, deleted: no error
Active Record: changed: true, deleted: destroyed
Sequel: changed: Sequel::NoExistingObject, deleted: Sequel::NoExistingObject
Eloquent: changed: true, deleted: true
Doctrine: changed: no error, deleted: no error
1|ada|before'
seen=$(export PGUSER=app && node change.mjs && /usr/bin/python3 -B change.py && ruby change.rb && php change.php &&
    psql --no-psqlrc --tuples-only --no-align --command='TABLE notes')
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
