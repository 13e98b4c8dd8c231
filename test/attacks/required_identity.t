# With session_auth.require_identity, a role that lost its identity hears of it: where a
# pooler sends authenticate to one server and the query to another, the policies alone
# would find no rows in silence. What bypasses them on purpose goes on, a sign-in for one.
# Guards: src/executor/required_identity.c, catalog_is_protected().
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('required');
add_extension($node);
$node->safe_psql('postgres', q{
	CREATE ROLE app_owner; CREATE ROLE quiet LOGIN; CREATE ROLE creator LOGIN CREATEROLE;
	SELECT session_auth.grant_usage('quiet', 'request');
	GRANT CREATE ON SCHEMA public TO app_owner;
	SET ROLE app_owner;
	CREATE TABLE accounts (id int PRIMARY KEY, owner text);
	CREATE TABLE visits (id int PRIMARY KEY, at date) PARTITION BY RANGE (id);
	CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (100);
	CREATE TABLE notes (account int REFERENCES accounts);
	CREATE TABLE own_policies (id int);
	ALTER TABLE own_policies ENABLE ROW LEVEL SECURITY;
	CREATE VIEW owners AS SELECT owner FROM accounts;
	RESET ROLE;
	INSERT INTO accounts VALUES (1, 'alice'), (2, 'bob');
	SELECT session_auth.protect_table('accounts', owner_column => 'owner');
	SELECT session_auth.protect_table('visits', 'accounts');
	CREATE VIEW everybody AS SELECT owner FROM accounts;
	CREATE FUNCTION sign_in(who text) RETURNS boolean LANGUAGE sql SECURITY DEFINER
		AS 'SELECT EXISTS (SELECT FROM public.accounts WHERE owner = who)';
	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app, quiet;
	ALTER ROLE app SET session_auth.require_identity = on;
	ALTER ROLE app SET session_preload_libraries = 'session_auth';
});
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});

# What a statement of a role answers, in a connection of its own: rows, or the error's code.
sub answer
{
	my ($role, $statement) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$statement", extra_params => [ '--username', $role ], on_error_stop => 0);
	return join ' ', grep { $_ ne '' } $out, $err =~ /ERROR:  (\w+)/g;
}

my $as_alice = "BEGIN; SELECT FROM session_auth.authenticate('$token')";
is(answer('app', $_), '28000', $_) foreach 'SELECT * FROM accounts', 'SELECT * FROM accounts WHERE false', 'SELECT (SELECT count(*) FROM accounts)',
	q{INSERT INTO accounts VALUES (3, 'alice')}, 'UPDATE accounts SET id = 4', 'DELETE FROM accounts', 'COPY accounts TO STDOUT',
	'WITH gone AS (DELETE FROM accounts RETURNING id) SELECT count(*) FROM gone', 'SELECT * FROM owners', 'SELECT * FROM visits', 'SELECT * FROM visits_1',
	'SELECT FROM notes JOIN accounts ON id = account', "PREPARE p AS SELECT * FROM accounts; EXECUTE p", 'DECLARE c CURSOR WITH HOLD FOR SELECT * FROM accounts',
	'EXPLAIN ANALYZE SELECT * FROM accounts', q{DO 'BEGIN PERFORM FROM accounts; END'};
is(answer('app', "$as_alice; COMMIT; SELECT * FROM accounts"), '28000', 'nor when the identity has ended with its transaction');
is(answer('app', "$as_alice; SELECT session_auth.deauthenticate(); SELECT * FROM accounts"), '28000', 'nor when it was given up');
is(answer('app', "PREPARE p AS SELECT id FROM accounts; $as_alice; EXECUTE p; COMMIT; EXECUTE p"), "1 28000", 'nor in a plan that was made before');
is(answer('app', "$as_alice; SELECT id FROM accounts; SELECT owner FROM owners"), "1\nalice", 'with an identity it finds its rows');

is(answer('app', q{SELECT sign_in('bob')}), 't', 'a function that bypasses the policies reads on');
is(answer('app', 'SELECT count(*) FROM everybody'), '2', 'and so does a view of such an owner');
is(answer('app', 'INSERT INTO notes VALUES (1) RETURNING account'), '1', 'a foreign key is checked');
is(answer('app', 'SELECT * FROM own_policies; SELECT count(*) FROM notes'), '1', 'tables that protect_table has not protected are read');
like(answer('app', 'EXPLAIN (COSTS OFF) SELECT * FROM accounts'), qr/Scan/, 'EXPLAIN reads nothing');

is(answer('quiet', 'SELECT count(*) FROM accounts'), '0', 'a role without the setting finds no rows');
is(answer('app', $_), '42501', "the role itself cannot do without: $_") foreach 'SET session_auth.require_identity = off', 'ALTER ROLE app SET session_auth.require_identity = off',
	'ALTER ROLE app RESET session_auth.require_identity', q{SELECT set_config('session_auth.require_identity', 'off', false)};
is(answer('app', 'RESET session_auth.require_identity; SELECT * FROM accounts'), '42501 28000', 'nor reset it');
is(answer('app', 'RESET ALL; SET ROLE NONE; SELECT * FROM accounts'), '28000', 'RESET ALL brings it back to what its role has');
is(answer('creator', 'ALTER ROLE app RESET session_auth.require_identity'), '42501', 'nor one that may create roles');

# A database without the extension, where the role has the setting all the same.
$node->safe_psql('postgres', 'CREATE DATABASE other');
is(($node->psql('other', q{CREATE TABLE t (i int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t OWNER TO app; ALTER TABLE t FORCE ROW LEVEL SECURITY}))[0], 0, 'elsewhere');
is(($node->psql('other', 'SELECT count(*) FROM t', extra_params => [ '--username', 'app' ]))[1], '0', 'there is nothing to require');

$node->stop;
done_testing();
