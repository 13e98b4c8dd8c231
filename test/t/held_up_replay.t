# Who holds up replay on a standby, and revocations with it: a query with an old snapshot, for
# up to max_standby_streaming_delay, and whoever waits as session_auth.replica_wait says, for
# up to that; hot_standby_feedback, with which nobody does.
# Siblings: test/t/standby.t, test/t/replica_wait.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use SessionAuth;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', join("\n", 'fsync = off', 'autovacuum = off', 'session_auth.warn_literal_tokens = off', 'session_auth.touch_interval = 0',
	q{session_auth.replica_wait = '20s'}, ''));
$primary->start;
add_extension($primary);
$primary->safe_psql('postgres', 'CREATE PROCEDURE touch(token text, times integer) LANGUAGE plpgsql AS $$
	BEGIN FOR i IN 1 .. times LOOP PERFORM session_auth.verify_session(token); COMMIT; END LOOP; END $$');
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = -1\n");
$standby->start;

sub created
{
	my ($user) = @_;
	return $primary->safe_psql('postgres', "SELECT token FROM session_auth.create_session('$user')");
}

# Uses of a session, in transactions of their own, of which the page keeps the last version alone.
sub used
{
	my ($token) = @_;
	$primary->safe_psql('postgres', "CALL touch('$token', 200)");
	return;
}

sub who { return "SELECT coalesce((SELECT user_id FROM session_auth.verify_session('$_[0]')), 'nobody')" }

sub set
{
	my ($setting, $value) = @_;
	$standby->safe_psql('postgres', "ALTER SYSTEM SET $setting = '$value'");
	$standby->reload;
	$standby->poll_query_until('postgres', "SELECT setting = '$value' FROM pg_settings WHERE name = '$setting'") or die 'not set';
	return;
}

sub feedback { my ($there) = @_; $primary->poll_query_until('postgres', "SELECT backend_xmin IS $there FROM pg_stat_replication") or die 'feedback'; return; }

sub is_held_up
{
	my ($name) = @_;
	ok($standby->poll_query_until('postgres', q{SELECT wait_event = 'RecoveryConflictSnapshot' FROM pg_stat_activity WHERE backend_type = 'startup'}), $name);
	return;
}

# What WAL is there has been sent, whether it is replayed or not.
sub sent { $primary->wait_for_catchup($standby, 'flush'); return; }

# --- a query

my %token = map { $_ => created($_) } qw(busy ended cancelled late);
$primary->wait_for_catchup($standby);
my $sleeps = q{FROM pg_stat_activity WHERE wait_event = 'PgSleep'};

# A query on the standby that goes on, while one session is used and another one ends.
sub long_query
{
	my ($user) = @_;
	my %query = (err => '');
	$query{run} = IPC::Run::start([ 'psql', '-Xq', '-d', $standby->connstr('postgres'), '-c', 'SELECT pg_sleep(600), count(*) FROM session_auth.sessions' ],
		'<', \undef, '>', \$query{out}, '2>', \$query{err});
	$standby->poll_query_until('postgres', "SELECT EXISTS (SELECT $sleeps)") or die 'no query';
	used($token{busy});
	$primary->safe_psql('postgres', "SELECT session_auth.expire_session('$token{$user}'::text)");
	return \%query;
}

sub ended
{
	my ($query) = @_;
	$standby->safe_psql('postgres', "SELECT pg_cancel_backend(pid) $sleeps");
	$query->{run}->finish;
	return;
}

my $query = long_query('ended');
sent();
is_held_up('a session is used on the primary, and replay waits for a query on the standby');
is($standby->safe_psql('postgres', who($token{ended})), 'ended', 'so a session that has ended is accepted there');
ended($query);
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', who($token{ended})), 'nobody', 'as long as the query lasts');

set('max_standby_streaming_delay', '1000');
$query = long_query('cancelled');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', who($token{cancelled})), 'nobody', '… or max_standby_streaming_delay');
$query->{run}->finish;
like($query->{err}, qr/conflict with recovery/, 'which cancels the query');

set('max_standby_streaming_delay', '-1');
set('hot_standby_feedback', 'on');
feedback('NOT NULL');
$query = long_query('late');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', who($token{late})), 'nobody', 'with hot_standby_feedback the query holds up nothing');
is($standby->safe_psql('postgres', "SELECT count(*) $sleeps"), '1', 'and goes on');
ended($query);

# --- replica_wait

my $waiting = $standby->background_psql('postgres', on_error_stop => 0);
my $pid = $waiting->query(q{\set VERBOSITY sqlstate
LOAD 'session_auth'; SET session_auth.replica_wait = '8s'; SELECT pg_backend_pid()});

# Someone waits for a session that begins behind what his own snapshot keeps from being replayed.
sub waits
{
	my ($user) = @_;
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
	$standby->poll_query_until('postgres', q{SELECT pg_get_wal_replay_pause_state() = 'paused'}) or die 'not paused';
	used($token{busy});
	my $token = created($user);
	sent();
	$waiting->{stderr} = '';
	$waiting->{stdin} .= "BEGIN; SELECT user_id FROM session_auth.authenticate('$token');\n";
	$waiting->{run}->pump_nb;
	$standby->poll_query_until('postgres', "SELECT wait_event = 'Extension' FROM pg_stat_activity WHERE pid = $pid") or die 'nobody waits';
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
	return $token;
}

sub answered
{
	my $answer = $waiting->query('ROLLBACK');
	my ($state) = $waiting->{stderr} =~ /ERROR:\s+(\w{5})/;
	return $state // $answer;
}

waits('spared');
is(answered(), 'spared', 'who waits for a session that has just begun, with hot_standby_feedback, is let in');
set('hot_standby_feedback', 'off');
feedback('NULL');
my $start = time;
my $token = waits('hindered');
is_held_up('without it replay waits for him');
is(answered(), '28000', 'and he is refused');
cmp_ok(time - $start, '<', 30, 'in time');
$primary->wait_for_catchup($standby);
is($waiting->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$token'); COMMIT"), 'hindered', 'which lets replay go on, and him in the next time');
set('max_standby_streaming_delay', '1000');
$waiting->query(q{SET session_auth.replica_wait = '60s'});
waits('cancelled');
is(answered(), '40001', 'or he is cancelled, where max_standby_streaming_delay is over before that');

$waiting->quit;
$_->stop foreach $standby, $primary;
done_testing();
