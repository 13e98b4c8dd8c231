# Attack: go on with a permission, a role, a key, a session or a grant that another
# connection took away, by staying in a REPEATABLE READ or SERIALIZABLE transaction,
# a cursor, a prepared statement, a PL/pgSQL loop, or behind a warm cache.
# Holds: permissions end at the next statement in any isolation level; what is looked
# up for a token is the newest; plain DML and TRUNCATE on the tables count, with
# session_replication_role = replica too. Guards: src/catalog/tables.c, relation_invalidated();
# src/sql/sql_permission.c, accept_changes(); sql/parts/schema.sql,
# watch_table() (ENABLE ALWAYS). A standby is in standby_reads.t.
# Also: test/pgtap/permissions.sql, test/specs/role_races.spec,
# test/specs/revoke_repeatable_read.spec, test/t/storm.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('revocation_elsewhere');
add_extension($node);
$node->safe_psql('postgres', q{
	CREATE TABLE accounts (id int);
	INSERT INTO accounts VALUES (1), (2);
	SELECT session_auth.protect_table('accounts');
	GRANT ALL ON accounts TO app;
	SELECT session_auth.create_role('CHIEF', '{ADMIN}');
	SELECT session_auth.grant_role('carol', 'CHIEF');
	SELECT session_auth.add_key('k', 'HS256', repeat('k', 40));
	CREATE TABLE saved_parents AS TABLE session_auth.role_parents;
	CREATE TABLE saved AS TABLE session_auth.permissions;
});
my %token = map { $_ => $node->safe_psql('postgres', "SELECT token FROM session_auth.create_session('$_')") } qw(alice carol);
my $jwt = $node->safe_psql('postgres', q{SELECT session_auth.issue_token('carol', '1 hour')});
my $app = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username', 'app' ]);
$app->query('PREPARE rows AS SELECT count(*) FROM accounts');
my $restore = q{DELETE FROM session_auth.permissions; INSERT INTO session_auth.roles VALUES ('ADMIN'), ('CHIEF') ON CONFLICT DO NOTHING;
	INSERT INTO session_auth.permissions TABLE saved; DELETE FROM session_auth.role_parents; INSERT INTO session_auth.role_parents TABLE saved_parents};

my %ways = (
	'revoke_permission' => q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts')},
	'deny_permission' => q{SELECT session_auth.deny_permission('ADMIN', 'view', '*')},
	'a denial of who inherits' => q{SELECT session_auth.deny_permission('CHIEF', '*', 'accounts')},
	'disinherit_role' => q{SELECT session_auth.disinherit_role('CHIEF', 'ADMIN')},
	'drop_role' => q{SELECT session_auth.drop_role('ADMIN')},
	'DELETE' => q{DELETE FROM session_auth.permissions},
	'UPDATE' => q{UPDATE session_auth.permissions SET resource = 'other'},
	'DELETE by a replica' => q{SET session_replication_role = replica; DELETE FROM session_auth.permissions},
	'MERGE' => q{MERGE INTO session_auth.permissions p USING (VALUES (1)) v ON true WHEN MATCHED THEN DELETE});
foreach my $isolation ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	foreach my $way (sort keys %ways)
	{
		$app->query("BEGIN ISOLATION LEVEL $isolation; SELECT FROM session_auth.authenticate('$token{carol}')");
		my $before = $app->query('EXECUTE rows');
		$node->safe_psql('postgres', $ways{$way});
		is($before . $app->query('EXECUTE rows'), '20', "$isolation, $way: gone at the next statement");
		$app->query('COMMIT');
		$node->safe_psql('postgres', $restore);
	}
}

# TRUNCATE waits for whoever has read the table: it is seen once it is through
is($app->query(qq{BEGIN; SELECT FROM session_auth.authenticate('$token{carol}'); EXECUTE rows; COMMIT}) =~ s/\s//gr, '2', 'before a TRUNCATE');
$node->safe_psql('postgres', 'TRUNCATE session_auth.permissions');
is($app->query(qq{BEGIN; SELECT FROM session_auth.authenticate('$token{carol}'); EXECUTE rows; COMMIT}) =~ s/\s//gr, '0', 'after it');
$node->safe_psql('postgres', $restore);

$node->safe_psql('postgres', q{SELECT session_auth.grant_role('alice', 'ADMIN'), session_auth.grant_role('carol', 'CHIEF')});

# tokens, roles and keys, in a snapshot that is older than the change
sub old_snapshot
{
	my ($change, $question) = @_;
	$app->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
	my $before = $app->query($question);
	$node->safe_psql('postgres', $change);
	my $after = $app->query($question);
	$app->query('COMMIT');
	return "$before, then $after";
}
my $verify = sub { return "SELECT coalesce((SELECT user_id || roles::text FROM session_auth.verify_session('$_[0]')), 'refused')" };
is(old_snapshot(q{SELECT session_auth.grant_role('alice', 'CHIEF')}, $verify->($token{alice})), 'alice{ADMIN}, then alice{ADMIN,CHIEF}', 'a role that is given');
is(old_snapshot(q{SELECT session_auth.revoke_role('alice', 'CHIEF')}, $verify->($token{alice})), 'alice{ADMIN,CHIEF}, then alice{ADMIN}', 'a role that is taken');
is(old_snapshot("SELECT session_auth.expire_session('$token{alice}'::text)", $verify->($token{alice})), 'alice{ADMIN}, then refused', 'a session that is ended');
is(old_snapshot(q{DELETE FROM session_auth.user_roles}, $verify->($jwt)), 'carol{CHIEF}, then carol{}', 'grants that are deleted, for a token that is remembered');
is(old_snapshot(q{SELECT session_auth.expire_user_sessions('carol')}, $verify->($jwt)), 'carol{}, then refused', 'log out everywhere, for a token that is remembered');
my $dora = $node->safe_psql('postgres', q{SELECT session_auth.issue_token('dora', '1 hour')});
is(old_snapshot("SELECT session_auth.revoke_token(v.claims ->> 'jti') FROM session_auth.verify_session('$dora') v", $verify->($dora)), 'dora{}, then refused', 'revoke_token');
my $erin = $node->safe_psql('postgres', q{SELECT session_auth.issue_token('erin', '1 hour')});
is(old_snapshot(q{UPDATE session_auth.keys SET state = 'retired'}, $verify->($erin)), 'erin{}, then refused', 'a key that is retired by plain DML');

# in one statement that goes on for long: each of its calls site's own, at its start
my $loop = q{DO $$ DECLARE n bigint; BEGIN FOR i IN 1..400 LOOP SELECT count(*) INTO n FROM accounts; EXIT WHEN n = 0; PERFORM pg_sleep(0.01); END LOOP; PERFORM set_config('test.n', n::text, false); END $$};
my $frank = $node->safe_psql('postgres', q{SELECT session_auth.grant_role('frank', 'ADMIN'); SELECT token FROM session_auth.create_session('frank')});
($frank) = $frank =~ /(sat_\S+)/;
my $out = '';
my $run = IPC::Run::start([ 'psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--host', $node->host, '--port', $node->port, '--username', 'app', 'postgres',
	map { ('--command', $_) } 'BEGIN', "SELECT FROM session_auth.authenticate('$frank')", $loop, q{SELECT current_setting('test.n')} ], '>', \$out, '2>&1');
$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')});
$node->safe_psql('postgres', q{SELECT session_auth.deny_permission('ADMIN', 'view', 'accounts')});
$run->finish;
is($out =~ s/\s//gr, '0', 'a loop of PL/pgSQL sees it too, in the midst of one statement of the client');

$app->quit;
$node->stop;
done_testing();
