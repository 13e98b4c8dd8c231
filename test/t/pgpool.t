# Pgpool-II before a primary and a streaming standby: where its settings send
# authenticate and the query after it, and what comes of that. docs/poolers.md has
# the same table. Siblings: test/t/pgbouncer.t, test/attacks/required_identity.t.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my ($pgpool) = grep { -x } map { "$_/pgpool" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'pgpool is not installed' unless $pgpool;
# 4.3 of Debian 12 calls it socket_dir, 4.7 has another name for it
my ($version) = qx("$pgpool" --version 2>&1) =~ /(\d+\.\d+)/;
my $socket_setting = $version >= 4.4 ? 'unix_socket_directories' : 'socket_dir';

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$primary->start;
add_extension($primary);
$primary->safe_psql('postgres', q{
	CREATE ROLE told LOGIN;
	SELECT session_auth.grant_usage('told', 'request');
	ALTER ROLE told SET session_auth.require_identity = on;
	ALTER ROLE told SET session_preload_libraries = 'session_auth';
	CREATE TABLE accounts (id int);
	INSERT INTO accounts VALUES (1), (2), (3);
	SELECT session_auth.protect_table('accounts');
	GRANT SELECT, UPDATE ON accounts TO app, told;
});
my $token = $primary->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
# so that a query can say where it runs
$_->append_conf('postgresql.conf', "cluster_name = '" . $_->name . "'") foreach $primary, $standby;
$standby->start;
$primary->restart;
$primary->wait_for_catchup($standby, 'replay');

# Runs what is given behind a pgpool with these settings, which prefers the standby as
# far as the weight of the primary, 0 unless given, lets it.
sub behind_pgpool
{
	my ($settings, $tests, $weight) = (@_, 0);
	my $dir = PostgreSQL::Test::Utils::tempdir_short();
	my @nodes = ($primary, $standby);
	append_to_file("$dir/pgpool.conf", join("\n",
		q{backend_clustering_mode = 'streaming_replication'}, q{listen_addresses = ''}, q{pcp_listen_addresses = ''},
		'port = 6544', 'pcp_port = 6545', "$socket_setting = '$dir'", "pcp_socket_dir = '$dir'", "logdir = '$dir'", "pid_file_name = '$dir/pid'",
		(map { ("backend_hostname$_ = '" . $nodes[$_]->host . q{'}, "backend_port$_ = " . $nodes[$_]->port, "backend_weight$_ = " . ($_ || $weight),
			"backend_data_directory$_ = '" . $nodes[$_]->data_dir . q{'}, "backend_flag$_ = 'DISALLOW_TO_FAILOVER'") } 0, 1),
		q{sr_check_user = 'postgres'}, q{pool_passwd = ''}, 'enable_pool_hba = off', 'num_init_children = 4', 'max_pool = 2', $settings, ''));
	append_to_file("$dir/$_", '') foreach qw(pcp.conf hba.conf);
	my $log = '';
	my $running = IPC::Run::start([ $pgpool, '-n', '-f', "$dir/pgpool.conf", '-F', "$dir/pcp.conf", '-a', "$dir/hba.conf" ], '<', \undef, '>&', \$log);
	my $client = sub {
		my ($role, $statements) = @_;
		# a file, as a pipe breaks where psql cannot connect
		open(my $script, '>', "$dir/script") or die;
		print $script $statements;
		close $script;
		my ($out, $err) = ('', '');
		IPC::Run::run([ qw(psql --no-psqlrc --quiet --tuples-only --no-align --set=VERBOSITY=sqlstate), "host=$dir port=6544 user=$role dbname=postgres" ],
			'<', "$dir/script", '>', \$out, '2>', \$err);
		chomp $out;
		return join "\n", grep { $_ ne '' } $out, $err =~ /ERROR:  (\w+)/g;
	};
	my $answers = poll_until(sub { $running->pump_nb; return $client->('app', 'SELECT 1') eq '1' });
	ok($answers, "pgpool with $settings") or diag($log);
	$tests->($client) if $answers;
	$running->signal('INT');
	$running->finish;
	return;
}

sub poll_until
{
	my ($condition) = @_;
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return 1 if $condition->();
		select(undef, undef, undef, 0.1);
	}
	return 0;
}

my $where = q{current_setting('cluster_name')};
my $count = "SELECT count(*) || ' on ' || $where FROM accounts;";
my $authenticate = "SELECT (session_auth.authenticate('$token')).user_id || ' on ' || $where;";
my $request = "BEGIN; $authenticate $count COMMIT;";
my $times = 20;
# the same, as often
sub often { return join "\n", ($_[0]) x $times }

behind_pgpool('load_balance_mode = on', sub {
	my ($client) = @_;
	is($client->('app', $count), '0 on standby', 'a query alone goes to the standby');
	is($client->('app', often($request)), often("alice on primary\n3 on primary"), 'by default authenticate counts as writing, and takes its transaction to the primary');
	is($client->('app', $count), '0 on standby', '… and nobody else');
	is($client->('app', "BEGIN; $count $authenticate $count COMMIT;"), "0 on standby\nalice on primary\n3 on primary", '… from then on');
	is($client->('told', often($request)), often("alice on primary\n3 on primary"), '… with require_identity as well');
});

foreach my $disabled (qw(trans_transaction always))
{
	behind_pgpool("disable_load_balance_on_write = '$disabled'", sub { is($_[0]->('app', $request), "alice on primary\n3 on primary", '… and so it does here') });
}

# What writes is named there, and authenticate is not among it.
my $writers = q{write_function_list = 'session_auth.create_session,session_auth.rotate_session,nextval'};
behind_pgpool($writers, sub {
	my ($client) = @_;
	is($client->('app', often($request)), often("alice on standby\n3 on standby"), 'with write_function_list a transaction that reads is the standby\'s');
	is($client->('told', $request), "alice on standby\n3 on standby", '… with require_identity as well');
	is($client->('app', "BEGIN; $authenticate UPDATE accounts SET id = id; $count COMMIT;"), "alice on standby\n0 on primary",
		'one that goes on to write does so on the primary, where nobody is authenticated: no rows, and no error');
	is($client->('told', "BEGIN; $authenticate UPDATE accounts SET id = id; COMMIT;"), "alice on standby\n28000", '… and 28000 with require_identity');
	is($client->('told', "BEGIN; $_ $authenticate $count UPDATE accounts SET id = id; $count COMMIT;"), "alice on primary\n3 on primary\n3 on primary",
		"… unless it begins with $_") foreach 'SET TRANSACTION READ WRITE;', '/*NO LOAD BALANCE*/';
	SKIP: {
		skip 'as seen in 4.3', 1 if $version != 4.3;
		is($client->('told', "BEGIN READ WRITE; $authenticate UPDATE accounts SET id = id; COMMIT;"), "alice on standby\n28000", '… and BEGIN READ WRITE is not enough');
	}
	is($client->('postgres', "SELECT session_auth.expire_session('no token of anybody');"), '25006', 'a writing function that is not named runs on the standby and fails');
});

# Statements go to either, as it comes: where they part, nobody is authenticated.
my $split = qr/0 on primary|0 on standby/;
behind_pgpool("$writers\nstatement_level_load_balance = on", sub {
	my ($client) = @_;
	like($client->('app', often($request)), $split, 'with statement_level_load_balance as well, authenticate and the query part: no rows, and no error');
	my $told = $client->('told', often($request));
	unlike($told, $split, '… never in silence with require_identity');
	like($told, qr/28000/, '… which is 28000');
}, 1);
foreach my $disabled (qw(off dml_adaptive))
{
	behind_pgpool("disable_load_balance_on_write = '$disabled'", sub {
		my ($client) = @_;
		is($client->('app', often($request)), often("alice on primary\n0 on standby"), "with disable_load_balance_on_write = $disabled they always part");
		is($client->('told', $request), "alice on primary\n28000", '… which is 28000 with require_identity');
	});
}

$standby->stop;
$primary->stop;
done_testing();
