# With a version of PostgreSQL whose executor is not known, the extension leaves scans as
# they are: everything holds, and each row is asked for. A build that knows none but
# older versions stands in for one that is older than its PostgreSQL.
use strict;
use warnings;
use Cwd qw(abs_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use OwnInstallation;
use SessionAuth;

my $dir = abs_path(PostgreSQL::Test::Utils::tempdir());
system("mkdir $dir/build && tar --create --exclude='*.o' Makefile session_auth.control src sql scripts/update-script | tar --extract --directory=$dir/build") == 0
	or BAIL_OUT('cannot copy the source');
{
	local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
	delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
	my $out = `make --silent -j2 --directory=$dir/build with_llvm=no COPT=-DCOMPAT_LAST_EXECUTOR=14 all 2>&1`;
	BAIL_OUT("the build fails: $out") if $?;
}
my $installation = OwnInstallation->new("$dir/installation");
$installation->install('session_auth.so', slurp_file("$dir/build/session_auth.so"));

my $node = PostgreSQL::Test::Cluster->new('unknown_executor', install_path => $installation->path);
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nsession_auth.warn_literal_tokens = off\nautovacuum = off\njit = off\nmax_prepared_transactions = 10\ntimezone = 'UTC'\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION session_auth;
	CREATE ROLE app;
	SELECT session_auth.grant_usage('app', 'request');
	CREATE TABLE accounts AS SELECT generate_series(1, 1000) AS id;
	GRANT SELECT ON accounts TO app;
	SELECT session_auth.protect_table('accounts');
	SET ROLE app;
});
my $plan = $node->safe_psql('postgres', 'SET ROLE app; EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) SELECT FROM accounts');
like($plan, qr/Seq Scan on accounts.*rows=0\b.*Rows Removed by Filter: 1000/s, 'a denied scan finds nothing, and reads the table');
is($node->safe_psql('postgres', 'LOAD $$session_auth$$; SHOW session_auth.gate_policies'), 'on', 'whatever the setting says');

foreach my $test (qw(test/pgtap/policies.sql test/attacks/gate.sql))
{
	local @ENV{qw(PGHOST PGPORT PGUSER)} = ($node->host, $node->port, (getpwuid($<))[0]);
	my $out = `scripts/prove $test 2>&1`;
	ok($? == 0, "$test holds") or diag($out);
}
$node->stop;
done_testing();
