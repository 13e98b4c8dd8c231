# Attack: policies that open for nobody (NOT …, … IS NULL) in parallel workers, also
# through wrappers that lie about what they are, from a cursor, within a savepoint,
# for scope connection when the session has ended elsewhere, with old caches; and in a narrowed
# transaction, for a portal from before RESET ALL and an index whose workers ask.
# Holds: a worker is who its leader is, as narrow, or raises; never silently nobody.
# Guards: src/identity/identity.c, identity_check_hook() for a worker that is starting,
# replace_for_transaction(), identity_tell_workers() and identity_withhold_from_workers();
# src/executor/worker_identity.c.
# Also: test/t/parallel.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;
use WireProtocol;

my $node = new_server('parallel_workers', 'max_parallel_workers_per_gather = 3', 'max_parallel_workers = 8', 'parallel_setup_cost = 0',
	'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0', 'parallel_leader_participation = off', 'jit = off');
add_extension($node);
$node->safe_psql('postgres', q{
	CREATE TABLE big AS SELECT i FROM generate_series(1, 3000) i;
	ALTER TABLE big SET (parallel_workers = 3);
	CREATE TABLE inverted AS TABLE big;
	ALTER TABLE inverted SET (parallel_workers = 3);
	ALTER TABLE inverted ENABLE ROW LEVEL SECURITY;
	CREATE POLICY p ON inverted USING (NOT session_auth.is_authenticated() OR session_auth.user_id() IS NULL OR NOT session_auth.has_role('ADMIN'));
	CREATE TABLE inits AS TABLE big;
	ALTER TABLE inits SET (parallel_workers = 3);
	ALTER TABLE inits ENABLE ROW LEVEL SECURITY;
	CREATE POLICY p ON inits USING ((SELECT session_auth.user_id()) IS NULL);
	GRANT SELECT ON big, inverted, inits TO app;
	CREATE FUNCTION sql_who() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$ SELECT session_auth.user_id() $$;
	CREATE FUNCTION loop_who(t text) RETURNS text LANGUAGE plpgsql VOLATILE PARALLEL SAFE SET work_mem = '1MB'
		AS $$ BEGIN BEGIN RETURN session_auth.user_id(); EXCEPTION WHEN OTHERS THEN RETURN NULL; END; END $$;
	CREATE FUNCTION liar(t text) RETURNS text LANGUAGE plpgsql VOLATILE PARALLEL SAFE
		AS $$ BEGIN RETURN (session_auth.authenticate(t)).user_id; END $$;
	CREATE FUNCTION dropper() RETURNS text LANGUAGE plpgsql VOLATILE PARALLEL SAFE
		AS $$ BEGIN PERFORM session_auth.deauthenticate(); RETURN session_auth.user_id(); END $$;
	CREATE FUNCTION catcher() RETURNS text LANGUAGE plpgsql VOLATILE PARALLEL SAFE
		AS $$ BEGIN BEGIN PERFORM session_auth.deauthenticate(); EXCEPTION WHEN OTHERS THEN NULL; END; RETURN coalesce(session_auth.user_id(), 'nobody'); END $$;
	CREATE FUNCTION asker(n int) RETURNS boolean LANGUAGE plpgsql VOLATILE PARALLEL SAFE
		AS $$ BEGIN RETURN NOT session_auth.has_permission('view', 'accounts') OR session_auth.role() IS NULL; END $$;
});
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $bob = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});

my $app = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username', 'app' ]);
sub rows { return $app->query("SELECT count(*) FROM big WHERE $_[0]") }
my %open = (
	'IS NULL' => 'session_auth.user_id() IS NULL',
	'NOT is_authenticated' => 'NOT session_auth.is_authenticated()',
	'NOT has_role' => q{NOT session_auth.has_role('ADMIN')},
	'NOT has_permission' => q{NOT session_auth.has_permission('view', 'accounts')},
	'roles of nobody' => q{session_auth.roles() IS NULL OR session_auth.roles() = '{}'},
	'a pinned SQL wrapper' => 'sql_who() IS NULL',
	'a wrapper in PL/pgSQL' => 'asker(i)',
	'leader and workers' => '(SELECT session_auth.user_id()) IS NULL OR session_auth.user_id() IS NULL');

like($app->query('EXPLAIN (COSTS OFF) SELECT count(*) FROM big WHERE asker(i)'), qr/Gather/, 'the plans are parallel');
like($app->query('EXPLAIN (COSTS OFF) SELECT count(*) FROM inverted'), qr/Gather/, 'those of the policies too');
foreach my $scope ('transaction', 'connection')
{
	$app->query("BEGIN; SELECT FROM session_auth.authenticate('$token', '$scope')");
	$app->query('COMMIT; BEGIN') if $scope eq 'connection';
	is(rows($open{$_}), '0', "$scope: $_") foreach sort keys %open;
	is($app->query("SELECT count(*) FROM $_"), '0', "$scope: a policy that is open to nobody: $_") foreach qw(inverted inits);
	is($app->query(q{SAVEPOINT s; SELECT FROM session_auth.deauthenticate(); ROLLBACK TO s; SELECT count(*) FROM inverted}), '0', "$scope: after a savepoint");
	is($app->query('DECLARE c CURSOR FOR SELECT count(*) FROM inverted; FETCH c'), '0', "$scope: a cursor");
	$app->query('ROLLBACK');
}
$app->query('SELECT session_auth.deauthenticate()');
is(rows($open{'IS NULL'}), '3000', 'without an identity they are open, as they say');

# what would change the identity raises in a worker, and never leaves one there
my $subtransactions = $node->safe_psql('postgres', q{SELECT current_setting('server_version_num')::int >= 170000}) eq 't';
foreach my $lie ("liar('$token')", 'dropper()', q{loop_who('')}, 'catcher()')
{
	$app->{stderr} = '';
	$app->query("BEGIN; SELECT FROM session_auth.authenticate('$bob')");
	my $rows = $app->query("SELECT count(*) FROM big WHERE $lie = 'alice' OR $lie IS NULL");
	# since 17 a worker may catch errors: what is refused stays refused, and bob is bob
	if ($subtransactions && $lie =~ /^(?:loop_who|catcher)/)
	{
		is($rows, '0', "$lie changes nothing in a parallel worker");
	}
	else
	{
		like($app->{stderr}, qr/parallel/, "$lie raises in a parallel worker");
	}
	$app->query('ROLLBACK');
	is($app->query(q{SELECT coalesce(session_auth.user_id(), 'nobody')}), 'nobody', '… and leaves nobody behind');
}

# scope connection, ended elsewhere: neither leader nor workers go on with it
$app->query("SELECT FROM session_auth.authenticate('$token', 'connection')");
is(rows($open{'IS NULL'}), '0', 'scope connection');
$node->safe_psql('postgres', "SELECT session_auth.expire_session('$token'::text)");
is(rows('session_auth.user_id() IS NOT NULL'), '0', 'ended elsewhere: no worker has it');
$app->{stderr} = '';
is(rows('asker(i)'), '3000', '… which is then asked like nobody, without an error');
is($app->{stderr}, '', 'checking it again is possible within a parallel operation');

# what starts workers without a query has not told them who is calling: none takes that for nobody
$node->safe_psql('postgres', q{
	CREATE FUNCTION told() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN session_auth.user_id() IS NULL; END $$;
	CREATE SCHEMA app AUTHORIZATION app;
	CREATE TABLE app.mine AS TABLE big;
	ALTER TABLE app.mine SET (parallel_workers = 3);
	ALTER TABLE app.mine OWNER TO app});
$app->{stderr} = '';
$app->query("BEGIN; SELECT FROM session_auth.authenticate('$bob')");
$app->query('CREATE INDEX ON app.mine (i) WHERE told()');
like($app->{stderr}, qr/ERROR:  a parallel operation that is no query does not know the identity/, 'an index that depends on who is calling cannot be built by workers');
$app->query('ROLLBACK');

# narrowed: a query that was bound is told when it runs
my $driver = WireProtocol->new($node);
sub driver_query { my @came = $driver->ask('Z', message('Q', "$_[0]\0")); pop @came; return join(' ', @came) }
my $for_role = q{session_auth.has_permission('ADMIN', 'view', 'accounts')};
my $less = q{SELECT session_auth.narrow('{edit:nothing}') IS NULL};
foreach my $reset (undef, 'RESET ALL', 'SELECT session_auth.deauthenticate()')
{
	my $what = $reset // 'nothing between';
	driver_query("BEGIN; SELECT FROM session_auth.authenticate('$bob')");
	is(driver_query($less), 'f', "narrowed, $what");
	$driver->ask('2E', message('P', "q\0SELECT count(*) FROM big WHERE $for_role OR i > 1000000\0" . pack('n', 0)), message('B', "p\0q\0" . pack('nnn', 0, 0, 0)), message('H', ''));
	$driver->ask('CE', message('P', "\0$reset\0" . pack('n', 0)), message('B', "\0\0" . pack('nnn', 0, 0, 0)), message('E', "\0" . pack('N', 0)), message('H', '')) if $reset;
	my @came = $driver->ask('CE', message('E', "p\0" . pack('N', 0)), message('H', ''));
	is($came[0], '0', '… and its workers are as narrow');
	$driver->ask('Z', message('S', '')); # after an error nothing else is heard
	$driver->ask('Z', message('C', "Sq\0"), message('S', ''));
	driver_query('ROLLBACK');
}
undef $driver;

# … and what is no query has workers that were not told, whatever has taken the narrowing back
$node->safe_psql('postgres', q{
	CREATE FUNCTION worker_knows() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
	BEGIN
		IF pg_backend_pid() = current_setting('my.leader')::int THEN PERFORM pg_sleep(0.001); RETURN true; END IF;
		RAISE 'a worker knows %, and %', session_auth.user_id(), session_auth.has_permission('ADMIN', 'view', 'accounts');
	END $$;
	CREATE FUNCTION pinned(statement text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN EXECUTE statement; END $$});
$app->query("BEGIN; SELECT FROM session_auth.authenticate('$bob', 'connection')");
is(rows($open{'IS NULL'}), '0', 'a query has workers that were told');
$app->query('COMMIT');
foreach my $undone ('SELECT pinned($$' . $less . '$$)', "$less; RESET ALL")
{
	$app->{stderr} = '';
	$app->query("BEGIN; $undone; SELECT set_config('my.leader', pg_backend_pid()::text, true)");
	$app->query('CREATE INDEX ON app.mine (i) WHERE worker_knows()');
	like($app->{stderr}, qr/ERROR:  a parallel operation that is no query does not know the identity/, "an index after $undone");
	$app->query('ROLLBACK');
}
$app->query('SELECT session_auth.deauthenticate()');

# workers do not trust a cache of their leader
my $fresh = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
$app->query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM session_auth.authenticate('$fresh')");
is(rows($open{'NOT has_permission'}), '0', 'a permission is there');
$node->safe_psql('postgres', q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts')});
is(rows($open{'NOT has_permission'}), '3000', 'revoked: in every worker, in REPEATABLE READ');
$app->query('COMMIT');

$app->quit;
$node->stop;
done_testing();
