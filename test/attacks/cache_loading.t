# Attack: a change that commits while the cache is being filled, so that a mix of old
# and new, or the old, is kept as valid: inheritance, grants and denials that move
# together, tables that are rewritten, new backends that fill at once.
# Holds: a set is valid only when nothing was invalidated while it was filled; the
# last commit is in force for every reader after it. test/t/storm.t has one pair of
# permissions. Guards: src/permission/permission_cache.c, permission_cache_begin_reading().
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('cache_loading', 'autovacuum = off');
add_extension($node);
$node->safe_psql('postgres', q{
	SELECT session_auth.create_role('TOP'), session_auth.create_role('LEFT'), session_auth.create_role('RIGHT'), session_auth.create_role('USERS', '{TOP}');
	SELECT session_auth.grant_permission('TOP', 'view', 'filler:' || i) FROM generate_series(1, 300) i;
	SELECT session_auth.grant_permission('LEFT', 'view', 'secret'), session_auth.deny_permission('RIGHT', 'view', 'secret');
	SELECT session_auth.inherit_role('TOP', 'LEFT'), session_auth.inherit_role('TOP', 'RIGHT');
	-- the denial is there whenever the grant is: never may USERS see the secret
	CREATE PROCEDURE flip(seconds int) LANGUAGE plpgsql AS $$
	DECLARE until timestamptz := clock_timestamp() + make_interval(secs => seconds);
	BEGIN
		WHILE clock_timestamp() < until LOOP
			PERFORM session_auth.disinherit_role('TOP', 'LEFT'); COMMIT;
			PERFORM session_auth.disinherit_role('TOP', 'RIGHT'); COMMIT;
			PERFORM session_auth.inherit_role('TOP', 'RIGHT'); COMMIT;
			PERFORM session_auth.inherit_role('TOP', 'LEFT'); COMMIT;
		END LOOP;
	END $$;
	CREATE FUNCTION watch(seconds int) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE until timestamptz := clock_timestamp() + make_interval(secs => seconds); odd bigint := 0; n bigint := 0;
	BEGIN
		WHILE clock_timestamp() < until LOOP
			n := n + 1;
			odd := odd + session_auth.has_permission('USERS', 'view', 'secret')::int + (NOT session_auth.has_permission('USERS', 'view', 'filler:300'))::int;
		END LOOP;
		RETURN CASE WHEN n > 100 THEN odd ELSE -1 END;
	END $$;
});
my @connection = ('psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--host', $node->host, '--port', $node->port, 'postgres', '--command');
my @out = ('') x 3;
my @run = map { my $n = $_; IPC::Run::start([ @connection, ('CALL flip(2)', 'SELECT watch(2)', 'SELECT watch(2)')[$n] ], '>', \$out[$n], '2>&1') } 0 .. 2;
$_->finish foreach @run;
is($out[0], '', 'roles were moved');
is($out[$_], "0\n", "watcher $_: never was a grant seen without its denial, nor anything else lost") foreach 1 .. 2;

# two roles that change in one transaction, with so many others to be read between them
# that there is a change while a set is filled. Each change has a number, that is written
# down before it begins and once its COMMIT has returned: where no other has begun, the one
# that has returned is in force. (Its rows can be seen a moment before it returns, when other
# connections are yet to be told.)
$node->safe_psql('postgres', q{
	SELECT session_auth.create_role('MIDDLE' || i), session_auth.inherit_role('TOP', 'MIDDLE' || i) FROM generate_series(1, 1000) i;
	-- of which all is read at once, and nothing is asked later, as of one with many permissions
	SELECT session_auth.create_role('CROWD', ARRAY['LEFT', 'RIGHT']);
	SELECT session_auth.inherit_role('CROWD', 'MIDDLE' || i) FROM generate_series(1, 1000) i;
	CREATE TABLE changes AS SELECT 0 AS begun, 0 AS returned;
	CREATE PROCEDURE swap(seconds int) LANGUAGE plpgsql AS $$
	DECLARE until timestamptz := clock_timestamp() + make_interval(secs => seconds);
	BEGIN
		WHILE clock_timestamp() < until LOOP
			UPDATE changes SET begun = begun + 1; COMMIT;
			PERFORM session_auth.revoke_permission('LEFT', 'view', 'secret'), session_auth.revoke_permission('RIGHT', 'view', 'secret'), session_auth.grant_permission('LEFT', 'view', 'change'); COMMIT;
			UPDATE changes SET returned = begun; COMMIT;
			PERFORM pg_sleep(0.02 * random()); COMMIT;
			UPDATE changes SET begun = begun + 1; COMMIT;
			PERFORM session_auth.grant_permission('LEFT', 'view', 'secret'), session_auth.deny_permission('RIGHT', 'view', 'secret'), session_auth.revoke_permission('LEFT', 'view', 'change');
			-- what has changed is not known any more: everything is read anew
			DELETE FROM session_auth.permission_changes; COMMIT;
			UPDATE changes SET returned = begun; COMMIT;
			PERFORM pg_sleep(0.02 * random()); COMMIT;
		END LOOP;
	END $$;
	CREATE PROCEDURE ask(seconds int) LANGUAGE plpgsql AS $$
	DECLARE until timestamptz := clock_timestamp() + make_interval(secs => seconds); odd bigint := 0; n bigint := 0; stale bigint := 0; before int; answer boolean;
	BEGIN
		WHILE clock_timestamp() < until LOOP
			n := n + 1;
			before := (SELECT returned FROM changes); COMMIT;
			odd := odd + session_auth.has_permission('CROWD', 'view', 'secret')::int; COMMIT;
			answer := session_auth.has_permission('CROWD', 'view', 'change'); COMMIT;
			stale := stale + (before = (SELECT begun FROM changes) AND answer <> (before % 2 = 1))::int; COMMIT;
		END LOOP;
		PERFORM set_config('test.odd', format('odd %s, stale %s, asked %s', odd, stale, n > 100), false);
	END $$;
});
@out = ('') x 3;
@run = map { my $n = $_; IPC::Run::start([ @connection, $n ? ('CALL ask(3)', '--command', q{SELECT current_setting('test.odd')}) : 'CALL swap(3)' ], '>', \$out[$n], '2>&1') } 0 .. 2;
$_->finish foreach @run;
is($out[0], '', 'a grant and a denial of two roles came and went together');
foreach my $watcher (1 .. 2)
{
	my ($odd, $stale) = $out[$watcher] =~ /odd (\d+), stale (\d+), asked t/;
	is($stale, 0, "watcher $watcher: what was read while it changed is not kept") or diag($out[$watcher]);
	is($odd, 0, "watcher $watcher: never was one seen without the other");
}

# a table that is rewritten, or an index, while it is being read from
my ($rewrites, $odd) = ('', '');
my $watching = IPC::Run::start([ @connection, 'SELECT watch(1)' ], '>', \$odd, '2>&1');
$node->safe_psql('postgres', 'REINDEX TABLE session_auth.permissions; VACUUM FULL session_auth.role_parents; CLUSTER session_auth.permissions USING permissions_pkey; ANALYZE session_auth.roles') foreach 1 .. 3;
$watching->finish;
is($odd, "0\n", 'rewritten tables and indexes lose nothing');

# a statement that fails while it fills leaves nothing half filled
my $psql = $node->background_psql('postgres', on_error_stop => 0);
$node->safe_psql('postgres', q{SELECT session_auth.disinherit_role('TOP', 'RIGHT'); SELECT session_auth.create_role('ROLE' || i), session_auth.inherit_role('TOP', 'ROLE' || i) FROM generate_series(1, 2000) i; SELECT session_auth.inherit_role('TOP', 'RIGHT')});
my $wrong = 0;
foreach my $ms (1 .. 12)
{
	$psql->query('SELECT session_auth.grant_permission(\'ADMIN\', \'view\', \'x' . $ms . '\')');
	$psql->query("BEGIN; SET LOCAL statement_timeout = $ms; SELECT session_auth.has_permission('USERS', 'view', 'secret'); ROLLBACK");
	$wrong++ if $psql->query(q{SELECT session_auth.has_permission('USERS', 'view', 'secret')}) ne 'f';
	$wrong++ if $psql->query(q{SELECT session_auth.has_permission('USERS', 'view', 'filler:7')}) ne 't';
}
is($wrong, 0, 'a statement that is cancelled while it fills the cache spoils nothing');

$psql->quit;
$node->stop;
done_testing();
