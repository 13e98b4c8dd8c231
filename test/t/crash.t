# kill -9 of a backend and of the postmaster in the middle of create, rotate,
# expire and purge: after recovery every token that a client got an answer for
# works, every one whose end was answered is refused, nothing happened by half,
# and pg_amcheck finds nothing.
#
# A killed process loses nothing that it handed to the kernel, so fsync may be
# off in a quick run. SESSION_AUTH_CRASHES=100 is a long one, with fsync.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use SessionAuth;
use SessionLedger;

plan skip_all => 'psycopg is not installed' unless SessionLedger::available();

my $rounds = $ENV{SESSION_AUTH_CRASHES} // 5;
my $seed = $ENV{SESSION_AUTH_SEED} // int(rand(1 << 30));
my @kinds = qw(create rotate expire purge);

# A rotation that was not answered leaves its client with the old token: it must
# work, so its grace outlasts the test.
my $node = new_server('crash', 'restart_after_crash = on', 'synchronous_commit = on', 'full_page_writes = on',
	'session_auth.rotation_grace = 3600', 'session_auth.touch_interval = 0', 'max_connections = 60',
	'fsync = ' . ($rounds > 5 ? 'on' : 'off'));
add_extension($node);
my $conninfo = $node->connstr('postgres');
my $ledger = SessionLedger->new(12, $seed);
diag("$rounds crashes, seed $seed") if $rounds > 5;

sub recovered
{
	my ($whom) = @_;
	if ($whom eq 'postmaster')
	{
		# it is gone; no other can start before its backends have noticed
		my @start = ('pg_ctl', '--wait', '--pgdata=' . $node->data_dir, '--log=' . $node->logfile, 'start');
		foreach (1 .. 600)
		{
			if (IPC::Run::run(\@start, '>', \my $said, '2>&1'))
			{
				$node->_update_pid(1);
				return;
			}
			usleep(100_000);
		}
		die 'the server does not start';
	}
	foreach (1 .. 600)
	{
		return if IPC::Run::run([ 'pg_isready', '--quiet', '--host=' . $node->host, '--port=' . $node->port ]);
		usleep(100_000);
	}
	die 'the server does not recover';
}

my (%done, %wrong, $unanswered, $amcheck);
$unanswered = $amcheck = 0;
foreach my $round (1 .. $rounds)
{
	my $kind = $kinds[($round - 1) % @kinds];
	my $whom = $round % 5 == 0 || $round % 7 == 3 ? 'postmaster' : 'backend';
	my ($pid) = split /\n/, slurp_file($node->data_dir . '/postmaster.pid');
	my $run = $ledger->ask('run', $conninfo, $kind, $whom, $pid);
	recovered($whom);
	my $check = $ledger->ask('check', $conninfo);
	my $name = "round $round, $whom killed in $kind";
	is_deeply($run->{unexpected}, [], "$name: no other error") or diag(join("\n", @{ $run->{unexpected} // [] }));
	is($check->{wrong}, 0, "$name: $check->{live} sessions live, $check->{ended} ended, $check->{tokens} tokens do what they should")
		or diag(join("\n", "seed $seed", @{ $check->{examples} }));
	$done{$_} += $run->{counts}{$_} // 0 foreach 'create', 'rotate', 'expire', 'purge';
	$unanswered += $run->{counts}{unanswered} // 0;
	is($node->safe_psql('postgres', q{
		SELECT count(*) FROM session_auth.sessions s WHERE 1 <> (SELECT count(*) FROM session_auth.session_events e WHERE e.session_id = s.session_id AND e.event = 'session_created')
		UNION ALL SELECT count(*) FROM session_auth.sessions s WHERE (s.ended_at IS NOT NULL)::int <> (SELECT count(*) FROM session_auth.session_events e WHERE e.session_id = s.session_id AND e.event = 'session_ended')
		UNION ALL SELECT count(*) FROM session_auth.sessions s WHERE (SELECT count(*) FROM session_auth.rotated_tokens r WHERE r.session_id = s.session_id)
			<> (SELECT count(*) FROM session_auth.session_events e WHERE e.session_id = s.session_id AND e.event = 'session_rotated')
		UNION ALL SELECT count(*) FROM session_auth.rotated_tokens r WHERE NOT EXISTS (SELECT FROM session_auth.sessions s WHERE s.session_id = r.session_id)}),
		"0\n0\n0\n0", "$name: sessions, rotated tokens and events agree");
	my ($said, $complained) = ('', '');
	my $clean = IPC::Run::run([ 'pg_amcheck', '--install-missing', '--heapallindexed', '--rootdescend', '--schema=session_auth',
		'--host=' . $node->host, '--port=' . $node->port, 'postgres' ], '>', \$said, '2>', \$complained);
	$amcheck++ if $clean && $said eq '';
	diag("$name: pg_amcheck: $said $complained") unless $clean && $said eq '';
}
is($amcheck, $rounds, 'pg_amcheck finds nothing, each time');
cmp_ok($done{$_} // 0, '>', 0, "there was a $_ among what was done: " . ($done{$_} // 0)) foreach @kinds;
diag("$unanswered requests were not answered") if $rounds > 5;

$node->stop('fast');
$node->start;
is($ledger->ask('check', $conninfo)->{wrong}, 0, 'after an ordinary restart they still do');

$ledger->end;
$node->stop;
done_testing();
