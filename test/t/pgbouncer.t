# Behind PgBouncer, a transaction pooler before all: many clients, one server connection.
# Also: test/t/pooling.t, test/t/pooled_clients.t, test/attacks/held_cursors.sql.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

plan skip_all => 'pgbouncer is not installed' unless find_pgbouncer();

my $node = new_server('pooled');
add_extension($node);
my $alice = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $bob = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});

my ($conninfo, $pooler) = start_pgbouncer($node, 'app', 'pool_size=1', 'ignore_startup_parameters = extra_float_digits,options');

sub client
{
	my ($statements) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', $conninfo ],
		'<', \$statements, '>', \$out, '2>', \$err);
	$out =~ s/\n$//;
	return $out;
}

my $who = q{SELECT coalesce(session_auth.user_id(), 'nobody') || pg_backend_pid();};
my $server = client('SELECT pg_backend_pid();');
is(client($who), "nobody$server", 'a client is nobody');
is(client("BEGIN; SELECT FROM session_auth.authenticate('$alice'); $who COMMIT; $who"), "alice$server\nnobody$server", 'alice is alice in her transaction alone');
is(client($who), "nobody$server", 'the next client, on the same server connection, is nobody');
is(client("BEGIN; SELECT FROM session_auth.authenticate('$alice'); SELECT 1 / 0; ROLLBACK; $who"), "nobody$server", 'an error leaves nobody behind');
is(client("BEGIN; SELECT FROM session_auth.authenticate('$bob'); $who COMMIT;"), "bob$server", 'bob is bob');
client("BEGIN; SELECT FROM session_auth.authenticate('$alice'); $who");    # leaves without COMMIT
my ($after) = client($who);
like($after, qr/^nobody/, 'a client that leaves in mid-transaction leaves nobody behind');

# An identity of scope connection is the connection's, which is everybody's.
my $for_connection = "SELECT FROM session_auth.authenticate('$alice', 'connection');";
foreach my $reset ('DISCARD ALL', 'RESET ALL')
{
	client($for_connection);
	like(client($who), qr/^alice/, 'scope connection: the next client is alice too');
	client("$reset;");
	like(client($who), qr/^nobody/, "… until $reset");
}
kill 'INT', $pooler;

# The other ways of pooling.
($conninfo, $pooler) = start_pgbouncer($node, 'app', 'pool_size=1', 'pool_mode = session');
$server = client('SELECT pg_backend_pid();');
is(client("$for_connection $who $who"), join("\n", ("alice$server") x 2), 'pool_mode = session: scope connection lasts as long as the client');
is(client($who), "nobody$server", '… and no longer, by the reset query that is the default');
kill 'INT', $pooler;
($conninfo, $pooler) = start_pgbouncer($node, 'app', 'pool_size=1', 'pool_mode = statement');
unlike(client("BEGIN; SELECT FROM session_auth.authenticate('$alice'); $who COMMIT;"), qr/alice/, 'pool_mode = statement: there are no transaction blocks');
like(client($who), qr/^nobody/, '… and nobody is anybody');

kill 'INT', $pooler;
$node->stop;
done_testing();
