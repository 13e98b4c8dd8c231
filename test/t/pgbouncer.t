# Behind a transaction pooler: many clients, one server connection.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'pgbouncer is not installed' unless $pgbouncer;

my $node = new_server('pooled');
add_extension($node);
my $alice = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $bob = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});

my $dir = PostgreSQL::Test::Utils::tempdir_short();
append_to_file("$dir/ini", join("\n",
	'[databases]',
	'postgres = host=' . $node->host . ' port=' . $node->port . ' dbname=postgres user=app pool_size=1',
	'[pgbouncer]', "unix_socket_dir = $dir", 'listen_port = 6543', 'auth_type = any', 'pool_mode = transaction',
	'ignore_startup_parameters = extra_float_digits,options', "logfile = $dir/log", "pidfile = $dir/pid", ''));
system_or_bail($pgbouncer, '--quiet', '--daemon', "$dir/ini");

sub client
{
	my ($statements) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', "--host=$dir", '--port=6543', '--username=app', 'postgres' ],
		'<', \$statements, '>', \$out, '2>', \$err);
	$out =~ s/\n$//;
	return $out;
}

my $who = q{SELECT coalesce(session_auth.user_id(), 'nobody') || pg_backend_pid();};
# the pooler's daemon may not listen yet when the command that made it returns
my $server;
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	($server) = client('SELECT pg_backend_pid();') =~ /(\d+)/ and last;
	select(undef, undef, undef, 0.1);
}
is(client($who), "nobody$server", 'a client is nobody');
is(client("BEGIN; SELECT FROM session_auth.authenticate('$alice'); $who COMMIT; $who"), "alice$server\nnobody$server", 'alice is alice in her transaction alone');
is(client($who), "nobody$server", 'the next client, on the same server connection, is nobody');
is(client("BEGIN; SELECT FROM session_auth.authenticate('$alice'); SELECT 1 / 0; ROLLBACK; $who"), "nobody$server", 'an error leaves nobody behind');
is(client("BEGIN; SELECT FROM session_auth.authenticate('$bob'); $who COMMIT;"), "bob$server", 'bob is bob');
client("BEGIN; SELECT FROM session_auth.authenticate('$alice'); $who");    # leaves without COMMIT
my ($after) = client($who);
like($after, qr/^nobody/, 'a client that leaves in mid-transaction leaves nobody behind');

kill 'INT', slurp_file("$dir/pid");
$node->stop;
done_testing();
