# Parallel workers have the leader's identity, and compiled expressions the same
# answers as interpreted ones.
# Also: test/attacks/parallel_workers.t.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('parallel', 'max_parallel_workers_per_gather = 4', 'max_parallel_workers = 8', 'max_worker_processes = 16');
add_extension($node);
my $forced = $node->safe_psql('postgres', q{SELECT CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END});
$node->safe_psql('postgres', q{
	CREATE TABLE big (id int, owner text);
	INSERT INTO big SELECT i, CASE i % 2 WHEN 0 THEN 'alice' ELSE 'bob' END FROM generate_series(1, 20000) i;
	ALTER TABLE big SET (parallel_workers = 4);
	ANALYZE big;
	GRANT SELECT ON big TO app;
	CREATE FUNCTION wrapper() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS 'BEGIN RETURN session_auth.user_id(); END';
	CREATE TABLE shielded (LIKE big);
	INSERT INTO shielded TABLE big;
	ALTER TABLE shielded SET (parallel_workers = 4);
	SELECT session_auth.protect_table('shielded', 'accounts', 'owner');
	GRANT SELECT ON shielded TO app;
	ANALYZE shielded;
});
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice', metadata => '{"device": "phone"}')});

my $setup = "SET $forced = on; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;";
sub as_alice
{
	my ($query, $scope) = @_;
	my $authenticate = $scope ? "SELECT FROM session_auth.authenticate('$token', '$scope'); BEGIN;" : "BEGIN; SELECT FROM session_auth.authenticate('$token');";
	my $out = $node->safe_psql('postgres', "$setup SET ROLE app; $authenticate $query; COMMIT;");
	$out =~ s/^\n//;
	return $out;
}

like(as_alice(q{EXPLAIN (COSTS OFF) SELECT count(*) FROM big WHERE owner = session_auth.user_id()}), qr/Gather/, 'the plan is parallel');
foreach my $scope (undef, 'connection')
{
	my $called = $scope // 'transaction';
	is(as_alice(q{SELECT count(*) FROM big WHERE owner = session_auth.user_id()}, $scope), '10000', "user_id() in workers, scope $called");
	is(as_alice(q{SELECT count(*) FROM big WHERE session_auth.user_id() IS NULL}, $scope), '0', "no worker is nobody, scope $called");
	is(as_alice(q{SELECT count(*) FROM big WHERE session_auth.has_permission('view', 'accounts')}, $scope), '20000', "has_permission in workers, scope $called");
	is(as_alice(q{SELECT count(*) FROM big WHERE NOT session_auth.has_permission('view', 'accounts')}, $scope), '0', "… nor under NOT, scope $called");
	is(as_alice(q{SELECT count(*) FROM big WHERE session_auth.has_role('ADMIN') AND session_auth.role() = 'ADMIN' AND session_auth.roles() = '{ADMIN}' AND session_auth.is_authenticated() AND session_auth.session_id() IS NOT NULL}, $scope), '20000', "every reader in workers, scope $called");
	is(as_alice(q{SELECT count(*) FROM big WHERE wrapper() = 'alice'}, $scope), '20000', "a wrapper in plpgsql in workers, scope $called");
	is(as_alice(q{SELECT count(*) FROM shielded}, $scope), '10000', "policies in workers, scope $called");
}
# A thousand roles of unequal length, as they are granted and as they are given.
my $many = q{ARRAY(SELECT repeat('r', n % 7 + 1) || n FROM generate_series(1, 1000) n ORDER BY n)};
$node->safe_psql('postgres', "SELECT session_auth.create_role(r), session_auth.grant_role('many', r) FROM unnest($many) r");
my $token_of_many = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('many')});
foreach my $become ("SELECT FROM session_auth.authenticate('$token_of_many')", "SELECT session_auth.impersonate('many', $many)", "SELECT FROM session_auth.authenticate('$token_of_many', 'connection'); COMMIT; BEGIN")
{
	my $out = $node->safe_psql('postgres', "$setup BEGIN; $become; SET LOCAL max_parallel_workers_per_gather = 0; SELECT session_auth.roles() = $many AND session_auth.has_role('rrr1000') IS FALSE AND session_auth.has_role('rrrrrrr1000'); RESET max_parallel_workers_per_gather; SELECT count(*) FROM big WHERE session_auth.roles() = (SELECT $many) AND session_auth.has_role('rrrrrrr1000'); COMMIT");
	like($out, qr/(?:^|\n)t\n20000$/, "a thousand roles, here and in workers: " . ($become =~ /(impersonate|connection)/ ? $1 : 'authenticate'));
}
is($node->safe_psql('postgres', "SELECT roles = $many, array_dims(roles), roles::text = ($many)::text, md5(roles::text) = md5(($many)::text) FROM session_auth.verify_session('$token_of_many')"), 't|[1:1000]|t|t', 'an array like any other');
is(as_alice(q{SELECT count(*) FROM big WHERE session_auth.claims() IS NOT DISTINCT FROM (SELECT session_auth.claims())}), '20000', 'claims in workers');
like(as_alice(q{EXPLAIN (COSTS OFF) SELECT count(*) FROM shielded}), qr/Gather/, 'a protected table is scanned in parallel');
is($node->safe_psql('postgres', "$setup SET ROLE app; SELECT count(*) FROM big WHERE session_auth.user_id() IS NULL"), '20000', 'without an identity workers are nobody');
is($node->safe_psql('postgres', "$setup SET ROLE app; BEGIN; SELECT FROM session_auth.authenticate('$token'); SAVEPOINT s; SELECT session_auth.deauthenticate(); ROLLBACK TO s; SELECT count(*) FROM big WHERE session_auth.user_id() = 'alice'; COMMIT"), "\n20000", 'workers follow a rolled back savepoint');
is($node->safe_psql('postgres', "$setup BEGIN; SELECT session_auth.grant_permission('USER', 'own', 'change'); SELECT count(*) FROM big WHERE session_auth.has_permission('USER', 'own', 'change'); ROLLBACK"), "t\n20000", 'workers see a change of the same transaction');
isnt($node->psql('postgres', "$setup SELECT count(*) FROM big WHERE (SELECT user_id FROM session_auth.authenticate('$token')) IS NULL AND owner = 'x'", on_error_stop => 1), 3, 'authenticate keeps a query out of parallel mode');

# Compiled, with every function inlined that can be.
my $jit = 'SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;';
SKIP:
{
	skip 'this PostgreSQL does not compile expressions', 2 if $node->safe_psql('postgres', 'SELECT pg_jit_available()') ne 't';
	is($node->safe_psql('postgres', "$jit BEGIN; SELECT FROM session_auth.authenticate('$token'); SELECT count(*) FROM big WHERE session_auth.has_permission(owner, 'view', 'accounts') OR session_auth.has_permission('ADMIN', 'view', 'accounts'); COMMIT"), "20000", 'has_permission in compiled expressions');
	is($node->safe_psql('postgres', "$jit BEGIN; SELECT FROM session_auth.authenticate('$token'); SELECT count(*) FROM big WHERE owner = session_auth.user_id() AND session_auth.has_role('ADMIN') AND session_auth.is_authenticated(); COMMIT"), "10000", 'identity readers in compiled expressions');
}

$node->stop;
done_testing();
