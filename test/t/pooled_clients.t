# Many clients of two users behind a transaction pooler with one server
# connection: whatever fails or is rolled back in between, nobody ever sees
# another's rows or is taken for another.
# Also: test/t/pooling.t, test/t/pgbouncer.t, test/attacks/held_cursors.sql.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use FindBin;
use SessionAuth;

use constant { CLIENTS => 200, TRANSACTIONS => 10_000 };

# Debian's own python has Debian's psycopg
my $python = '/usr/bin/python3';
plan skip_all => 'pgbouncer is not installed' unless find_pgbouncer();
plan skip_all => 'psycopg is not installed' if system("$python -c 'import psycopg' 2>/dev/null") != 0;

my $node = new_server('pooled_clients');
add_extension($node);
$node->safe_psql('postgres', q{
	SELECT session_auth.grant_permission('USER', 'view', 'accounts');
	CREATE TABLE accounts (id int PRIMARY KEY, owner text);
	INSERT INTO accounts SELECT n, CASE WHEN n <= 3 THEN 'alice' ELSE 'bob' END FROM generate_series(1, 8) n;
	SELECT session_auth.protect_table('accounts', owner_column => 'owner');
	GRANT SELECT ON accounts TO app;
});
my %token = map { ($_ => $node->safe_psql('postgres', "SELECT token FROM session_auth.create_session('$_')")) } qw(alice bob);

# Statements that are prepared on the one server connection are there for all
# clients, planned for whoever came first; a client that leaves in the middle of
# a transaction costs that connection, and the pooler prepares them on the next.
my $prepare = 'PREPARE every_account AS SELECT owner FROM accounts; '
	. 'PREPARE accounts_above(int) AS SELECT owner FROM accounts WHERE id > $1';
my ($conninfo, $pooler) = start_pgbouncer($node, 'app', "pool_size=1 connect_query='$prepare'");

foreach my $mode ('plain', 'pipeline')
{
	my ($out, $err) = run_command([ $python, "$FindBin::Bin/lib/pooled_clients.py", $mode, CLIENTS, TRANSACTIONS, $conninfo, @token{'alice', 'bob'} ]);
	my %count = map { /^(.+) (\d+)$/ ? ($1 => $2) : () } split /\n/, $out;
	my @anomalies = grep { /^anomaly/ } split /\n/, $out;
	is($count{transactions}, TRANSACTIONS, "$mode: all transactions were run") or diag($err);
	cmp_ok($count{$_} // 0, '>', 100, "$mode: among them with $_") foreach 'errors', 'rollback', 'nobody', 'bad token';
	is(scalar @anomalies, 0, "$mode: no client saw another's rows or identity") or diag(join("\n", "seed $count{seed}", @anomalies[0 .. ($#anomalies > 9 ? 9 : $#anomalies)]));
}

kill 'INT', $pooler;
$node->stop;
done_testing();
