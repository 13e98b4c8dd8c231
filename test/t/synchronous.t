# A primary whose synchronous standby has stopped, or is a primary itself: what ends a session waits, is not in
# force meanwhile, is not ended by statement_timeout, and "succeeds" with a warning when it
# is cancelled; and what synchronous_commit does about it for a transaction.
# Siblings: test/t/failover.t, test/t/replica_wait.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nsession_auth.rotation_grace = 0\n");
$primary->start;
add_extension($primary);
my %token = map { $_ => $primary->safe_psql('postgres', "SELECT token FROM session_auth.create_session('$_')") } qw(alice bob carol dora);
my $rotated = $primary->safe_psql('postgres', "SELECT token FROM session_auth.create_session('greta')");
$primary->safe_psql('postgres', "SELECT session_auth.rotate_session('$rotated')");
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->append_conf('postgresql.conf', "synchronous_standby_names = 'standby'\n");
$primary->reload;
$primary->poll_query_until('postgres', q{SELECT sync_state = 'sync' FROM pg_stat_replication}) or die 'no synchronous standby';

my $asker = $primary->background_psql('postgres', on_error_stop => 0);
$asker->query('SET synchronous_commit = local');
sub who { return scalar $asker->query("SELECT coalesce((SELECT user_id FROM session_auth.verify_session('$_[0]')), 'nobody')") }

# A statement in a connection of its own, which the caller looks at later.
my $n = 0;
sub started
{
	my ($statement, @before) = @_;
	my $name = 'waiting_' . ++$n;
	my %call = (name => $name, out => '', err => '');
	$call{run} = IPC::Run::start([ 'psql', '-XAtq', '-d', $primary->connstr('postgres') . " application_name=$name", map { ('-c', $_) } @before, $statement ],
		'<', \undef, '>', \$call{out}, '2>', \$call{err});
	return \%call;
}

sub waits
{
	my ($call, $what) = @_;
	ok($primary->poll_query_until('postgres', "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '$call->{name}' AND wait_event = 'SyncRep')"), "$what waits");
	return;
}

sub ended
{
	my ($call, $how) = @_;
	$asker->query("SELECT $how(pid) FROM pg_stat_activity WHERE application_name = '$call->{name}'");
	$call->{run}->finish;
	return;
}

$standby->stop('immediate');

my $end = started("SELECT session_auth.expire_session('$token{alice}'::text)", "SET statement_timeout = '100ms'");
waits($end, 'the end of a session');
select(undef, undef, undef, 1);
waits($end, 'ten times as long as statement_timeout, it still');
is(who($token{alice}), 'alice', 'and it is not in force on the primary either');
ended($end, 'pg_cancel_backend');
is($end->{out}, "t\n", 'cancelled, it says that it has ended the session');
like($end->{err}, qr/WARNING:  canceling wait for synchronous replication due to user request/, 'with a warning');
is(who($token{alice}), 'nobody', 'which it has, here');
is($asker->query("SELECT session_auth.expire_session('$token{alice}'::text)"), 'f', 'asked again, it says that it had ended');

$end = started("SELECT session_auth.expire_session('$token{bob}'::text)");
waits($end, 'another one');
ended($end, 'pg_terminate_backend');
isnt($end->{run}->result(0), 0, 'terminated, it says that it has failed');
is(who($token{bob}), 'nobody', 'though the session has ended, here');

# A session that begins.
my $begun = started(q{SELECT token FROM session_auth.create_session('erin')});
waits($begun, 'a session that begins');
is($asker->query(q{SELECT count(*) FROM session_auth.list_sessions('erin')}), '0', 'and is not there meanwhile');

# A request that writes down when it saw its session commits a write like any other.
my $seen = started("SELECT user_id FROM session_auth.verify_session('$token{carol}')", 'SET session_auth.touch_interval = 0');
waits($seen, 'a request that notes when its session was seen');
my $request = started("SELECT user_id FROM session_auth.verify_session('$token{dora}')", 'SET session_auth.touch_interval = 0', 'SET synchronous_commit = local');
$request->{run}->finish;
is($request->{out}, "dora\n", 'with synchronous_commit = local it does not');
$request = started("SELECT user_id FROM session_auth.verify_session('$token{dora}')", "SET session_auth.touch_interval = '60s'");
$request->{run}->finish;
is($request->{out}, "dora\n", 'nor does the next one within session_auth.touch_interval');

# A stolen token is refused by who has seen its session end, which is a transaction too.
my $stolen = started("SELECT session_auth.authenticate('$rotated')", "SET statement_timeout = '1s'", '\\set VERBOSITY sqlstate');
$stolen->{run}->finish;
like($stolen->{err}, qr/57014/, 'a stolen token is not accepted while the end of its session waits');

# What was written here and there: nobody knows of the ends on the standby until it has them.
$standby->start;
$_->{run}->finish foreach $begun, $seen;
like($begun->{out}, qr/^sat_/, 'the standby is back: who waited is answered');
is($seen->{out}, "carol\n", 'each');
$primary->wait_for_catchup($standby);
my $there = sub { return $standby->safe_psql('postgres', "SELECT count(*) FROM session_auth.verify_session('$token{$_[0]}')") };
is($there->('alice') . $there->('bob'), '00', 'and the ends are in force there');

# on waits for the standby's disk alone; remote_apply waits until the standby refuses too.
$standby->append_conf('postgresql.conf', "recovery_min_apply_delay = '1s'\n");
$standby->restart;
$primary->poll_query_until('postgres', q{SELECT sync_state = 'sync' FROM pg_stat_replication}) or die 'no synchronous standby';
$primary->safe_psql('postgres', "SELECT session_auth.expire_session('$token{carol}'::text)");
is($there->('carol'), '1', 'with synchronous_commit = on an end is answered before the standby knows of it');
$primary->safe_psql('postgres', "BEGIN; SET LOCAL synchronous_commit = remote_apply; SELECT session_auth.expire_session('$token{dora}'::text); COMMIT");
is($there->('dora'), '0', 'with remote_apply after that');

# A failover to a standby that was not there undoes what was cancelled.
my $lost = $primary->safe_psql('postgres', q{BEGIN; SET LOCAL synchronous_commit = remote_apply; SELECT token FROM session_auth.create_session('frank'); COMMIT});
my $both = $primary->safe_psql('postgres', q{BEGIN; SET LOCAL synchronous_commit = remote_apply; SELECT token FROM session_auth.create_session('greg'); COMMIT});
$standby->stop('immediate');
$end = started("SELECT session_auth.expire_session('$lost'::text)");
waits($end, 'an end without the standby');
ended($end, 'pg_cancel_backend');
is(who($lost), 'nobody', 'cancelled, it is in force on the primary');
$standby->append_conf('postgresql.conf', "primary_conninfo = ''\n");
$standby->start;
$standby->promote;
is($standby->safe_psql('postgres', "SELECT user_id FROM session_auth.verify_session('$lost')"), 'frank', 'and unknown to the standby that is promoted: treat a warning as a failure, and end it again');

# A primary that has not noticed answers nothing that the new one does not have, and accepts what that has ended.
is($standby->safe_psql('postgres', "SELECT session_auth.expire_session('$both'::text)"), 't', 'a session ends on the new primary');
is(who($both), 'greg', 'and is accepted by the old one');
my $late = started(q{SELECT token FROM session_auth.create_session('late')});
waits($late, 'where one that begins');
$asker->quit;
$primary->stop('immediate');
$late->{run}->finish;
is($late->{out}, '', 'for ever');

$standby->stop;
done_testing();
