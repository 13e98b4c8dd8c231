# The purge that runs by itself: in every database that has the extension, as the
# extension's owner, beside DROP DATABASE, DROP EXTENSION, a crash, a standby and its promotion.
# Also: test/pgtap/purge.sql.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = PostgreSQL::Test::Cluster->new('worker');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nrestart_after_crash = on\nshared_preload_libraries = 'session_auth'\nsession_auth.purge_interval = 1\n");
$node->start;
my $filled = q{
	INSERT INTO session_auth.sessions (session_id, token_key, created_at, expires_at, last_seen_at, lifetime, token_hash, user_id)
	SELECT gen_random_uuid(), ('x' || left(encode(h, 'hex'), 16))::bit(64)::bigint, now(), now() - interval '1 hour', now(), '1 day', h, 'u'
	FROM generate_series(1, %d) i, LATERAL sha256((random() || '-' || i)::bytea) h;
};

sub ask { my ($database, @sql) = @_; return $node->safe_psql($database, join "\n", @sql) }
sub fill { my ($database, $n) = @_; return ask($database, sprintf $filled, $n) }
sub purged { my ($of, $database) = @_; return $of->poll_query_until($database, 'SELECT count(*) = 0 FROM session_auth.sessions WHERE expires_at < now()') }
# Of so many rows some are gone: between two batches nobody need be in the database.
sub under_way { my ($database, $rows) = @_; return $node->poll_query_until($database, "SELECT count(*) BETWEEN 1 AND $rows - 1 FROM session_auth.sessions") }
sub logged { return slurp_file($node->logfile) }
my $launchers = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'session_auth purge launcher'};

# --- every database that has it

ask('postgres', 'CREATE DATABASE one; CREATE DATABASE two; CREATE DATABASE without; CREATE DATABASE fake; CREATE ROLE dba SUPERUSER; CREATE ROLE app');
ask($_, 'CREATE EXTENSION session_auth') foreach 'one', 'two';
ask('one', q{SELECT session_auth.grant_usage('app', 'monitor')});
fill($_, 25_000) foreach 'one', 'two';
ok(purged($node, $_), "$_ is purged") foreach 'one', 'two';
is(ask('one', q{SELECT last_purge > now() - interval '1 minute' FROM session_auth.statistics}), 't', '… which statistics tell');
is(ask('postgres', $launchers), '1', 'by one launcher');

# what only looks like the extension's is not called, least of all by a superuser
ask('fake', q{
	CREATE SCHEMA session_auth; CREATE TABLE called (by text);
	CREATE FUNCTION session_auth.purge_ended(int, timestamptz, tid, OUT deleted bigint, OUT reached timestamptz, OUT reached_place tid) LANGUAGE sql AS 'INSERT INTO public.called VALUES (current_user); SELECT 0, now(), ''(0,0)''::tid';
	CREATE FUNCTION session_auth.purge_old(int) RETURNS bigint LANGUAGE sql AS 'INSERT INTO public.called VALUES (current_user); SELECT 0'});
fill('one', 10);
ok(purged($node, 'one'), 'another round');
fill('one', 10);
ok(purged($node, 'one'), 'and another');
is(ask('fake', 'SELECT count(*) FROM called'), '0', 'a database with a schema of that name, but no extension, is left alone');

# the owner of the extension, and nobody else, is who deletes
ask('two', q{
	CREATE TABLE public.deleted_by (name text); GRANT INSERT ON public.deleted_by TO PUBLIC;
	CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.deleted_by VALUES (current_user); RETURN NULL; END $$;
	SET session_auth.guard_protection = off; CREATE TRIGGER note AFTER DELETE ON session_auth.sessions FOR EACH ROW EXECUTE FUNCTION public.note()});
fill('two', 3);
ok(purged($node, 'two'), 'triggers of the table are served');
is(ask('two', q{SELECT string_agg(DISTINCT name, ',') || count(*) FROM public.deleted_by}), 'postgres3', '… as the owner of the extension');
ask('two', 'SET session_auth.guard_protection = off; DROP TRIGGER note ON session_auth.sessions');

# --- the setting

ask('postgres', 'ALTER SYSTEM SET session_auth.purge_interval = 0');
$node->reload;
sleep 2;
fill('one', 10);
sleep 3;
is(ask('one', 'SELECT count(*) FROM session_auth.sessions'), '10', 'purge_interval = 0 turns it off');
ask('postgres', 'ALTER SYSTEM RESET session_auth.purge_interval');
$node->reload;
ok(purged($node, 'one'), '… and a reload on again');
my ($status, $out, $err) = $node->psql('postgres', 'SET session_auth.purge_interval = 0');
like($err, qr/cannot be changed now/, 'it is no session\'s to change');

# --- DROP DATABASE and others that wait for nobody to be there

ask('one', "ALTER DATABASE one SET session_auth.purge_delay = '5s'");
fill('one', 45_000);
ok(under_way('one', 45_000), 'a purge is under way');
my $start = time;
ask('postgres', 'ALTER DATABASE one RENAME TO first');
cmp_ok(time - $start, '<', 9, 'ALTER DATABASE RENAME does not wait for long');
ask('first', 'ALTER DATABASE first RESET session_auth.purge_delay');
ok(purged($node, 'first'), '… and the purge goes on');
ask('first', q{ALTER DATABASE first SET session_auth.purge_delay = '50ms'});
fill('first', 200_000);
ok(under_way('first', 200_000), 'a purge is under way');
ask('postgres', 'CREATE DATABASE copied TEMPLATE first');
ok(1, 'CREATE DATABASE copies the database beside it');
ask('postgres', 'DROP DATABASE copied');
ask('postgres', 'DROP DATABASE first');
is(ask('postgres', q{SELECT count(*) FROM pg_database WHERE datname IN ('copied', 'first')}), '0', 'DROP DATABASE drops');
ask('postgres', 'CREATE DATABASE three');
ask('three', 'CREATE EXTENSION session_auth');
ask('three', "ALTER DATABASE three SET session_auth.purge_delay = '5s'");
fill('three', 45_000);
ok(under_way('three', 45_000), 'another purge is under way');
ask('postgres', 'DROP DATABASE three WITH (FORCE)');
is(ask('postgres', q{SELECT count(*) FROM pg_database WHERE datname = 'three'}), '0', 'DROP DATABASE WITH (FORCE) drops too');

# --- DROP EXTENSION

ask('two', 'DROP EXTENSION session_auth');
ask('two', 'CREATE EXTENSION session_auth');
fill('two', 10);
ok(purged($node, 'two'), 'DROP EXTENSION, and a new one is purged');
my $open = $node->background_psql('two');
$open->query_safe('BEGIN; LOCK session_auth.sessions IN ACCESS EXCLUSIVE MODE');
sleep 4;
$open->query_safe('ROLLBACK');
$open->quit;
fill('two', 10);
ok(purged($node, 'two'), 'a table that somebody has locked is purged later');

# --- it ends, and begins again

ask('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'session_auth purge launcher'});
ok($node->poll_query_until('postgres', $launchers, '1'), 'a launcher that is terminated is started again');
my @lines = grep { /session_auth purge|purge_ended|purge_old/ && !/statement:/ } split /\n/, logged();
is(join("\n", grep { !/exited with exit code 1/ } @lines), '', 'and the log says nothing of it');
unlike(logged(), qr/FATAL:.*(?:background worker|database .* does not exist)/, '… nothing fatal either');

# --- a crash

my $backend = $node->background_psql('two', on_error_stop => 0);
my $victim = $backend->query('SELECT pg_backend_pid()');
crash($node, $victim);
eval { $backend->quit };
fill('two', 10);
ok(purged($node, 'two'), 'after a crash it runs again');

# --- standby and promotion

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('worker_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
ask('postgres', 'ALTER SYSTEM SET session_auth.purge_interval = 0');
$node->reload;
sleep 2;
fill('two', 10);
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $launchers), '0', 'a standby does nothing');
is($standby->safe_psql('two', 'SELECT count(*) FROM session_auth.sessions'), '10', '… to what has ended');
is($standby->safe_psql('two', 'SELECT live_sessions, ended_sessions, created FROM session_auth.statistics'), '0|10|0', '… but tells how much that is');
$standby->promote;
ok(purged($standby, 'two'), 'promoted, it purges');
is($standby->safe_psql('postgres', $launchers), '1', '… with a launcher');

$standby->stop;
$node->stop('fast');
done_testing();
