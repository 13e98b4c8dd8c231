# session_auth.replica_wait: a token that was issued just now is accepted on a standby
# that lags, as soon as its row is replayed, and no good one is refused; what is made up,
# old or never committed does not wait, or no longer than that.
# Siblings: test/t/standby.t, test/t/failover.t, test/unit/timed_token_test.c.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time sleep);
use SessionAuth;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "fsync = off\nsession_auth.warn_literal_tokens = off\nautovacuum = off\nsession_auth.replica_wait = '20s'\n");
$primary->start;
add_extension($primary);
$primary->safe_psql('postgres', q{SELECT session_auth.add_cookie_secret('express', 'a secret of express')});
$primary->backup('base');
my %standby = map { $_ => PostgreSQL::Test::Cluster->new($_) } qw(near far);
foreach my $name (sort keys %standby)
{
	$standby{$name}->init_from_backup($primary, 'base', has_streaming => 1);
	$standby{$name}->append_conf('postgresql.conf', 'hot_standby_feedback = on');
	$standby{$name}->append_conf('postgresql.conf', "recovery_min_apply_delay = '2s'") if $name eq 'far';
	$standby{$name}->start;
}
my $plain = $primary->background_psql('postgres', on_error_stop => 0);
my %on = map { $_ => $standby{$_}->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username', 'app' ]) } keys %standby;

sub created
{
	my ($user) = @_;
	return scalar $plain->query("SELECT token FROM session_auth.create_session('$user')");
}

my $who = sub { return "SELECT coalesce((SELECT user_id FROM session_auth.verify_session('$_[0]')), 'nobody')" };

# The answer, and how many seconds it took.
sub timed
{
	my ($connection, $query) = @_;
	my $start = time;
	my $answer = $connection->query($query);
	return ($answer, time - $start);
}

# An asynchronous standby: none of a hundred is refused, nor of a hundred that are rotated.
my $before = created('early');
like($before, qr/^sat_[A-Za-z0-9_-]{75}$/, 'a token says when it was issued, behind its 256 random bits');
my %refused = (created => 0, rotated => 0, authenticated => 0);
foreach my $n (1 .. 100)
{
	my $token = created("user $n");
	$refused{created}++ if $on{near}->query($who->($token)) ne "user $n";
	my $newer = $plain->query("SELECT token FROM session_auth.rotate_session('$token')");
	$refused{authenticated}++ if $on{near}->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$newer'); COMMIT") ne "user $n";
	$refused{rotated}++ if $on{near}->query($who->($newer)) ne "user $n";
}
is_deeply(\%refused, { created => 0, rotated => 0, authenticated => 0 }, '0 of 100 are refused on an asynchronous standby');

# One that lags by two seconds.
my $token = created('alice');
my ($answer, $took) = timed($on{far}, $who->($token));
is($answer, 'alice', 'a token is accepted two seconds behind');
cmp_ok($took, '>', 1, 'after waiting for its row');
cmp_ok($took, '<', 15, 'and no longer');
my $newer = $plain->query("SELECT token FROM session_auth.rotate_session('$token')");
is($on{far}->query("SELECT user_id FROM session_auth.authenticate('$newer')"), 'alice', 'so is the token of a rotation');
$primary->wait_for_catchup($standby{far});

# Who waits for nothing.
my $made_up = $newer;
substr($made_up, -1) = substr($made_up, -1) eq 'A' ? 'Q' : 'A';
($answer, $took) = timed($on{far}, $who->($made_up));
is($answer, 'nobody', 'a token that was made up is refused');
cmp_ok($took, '<', 1, 'at once');
($answer, $took) = timed($on{far}, $who->('sat_' . 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0'));
cmp_ok($took, '<', 1, 'so is one of the other form');
my $never = $plain->query("BEGIN; SELECT token FROM session_auth.create_session('never')");
$plain->query('ROLLBACK');
my $admin = $standby{far}->background_psql('postgres', on_error_stop => 0);
$admin->query(q{LOAD 'session_auth'; SET session_auth.replica_wait = '1500ms'});
($answer, $took) = timed($admin, $who->($never));
is($answer, 'nobody', 'a session that was never committed is refused');
cmp_ok($took, '>', 1.4, 'after the time that is set');
cmp_ok($took, '<', 10, 'and no longer');
sleep 1.6;
($answer, $took) = timed($admin, $who->($never));
cmp_ok($took, '<', 1, 'and at once when it was issued longer ago than that');
$admin->query(q{SET session_auth.replica_wait = 0});
my $late = created('late');
is($admin->query($who->($late)), 'nobody', 'without the setting nobody waits');
is($on{far}->query($who->($late)), 'late', 'with it he does');

# A token in a framework's signed cookie, and one of a framework's own, say nothing of their time.
my $bare = created('wrapped');
my %silent = (wrapped => "s:$bare." . hmac_sha256_base64($bare, 'a secret of express'), framework => 'AVxm3h0YQdXk2p7LrT9wZsNb');
$plain->query("SELECT session_auth.create_session('framework', token => '$silent{framework}')");
foreach my $user (qw(wrapped framework))
{
	($answer, $took) = timed($on{far}, $who->($silent{$user}));
	is($answer, 'nobody', "$user: such a token does not wait");
	cmp_ok($took, '<', 1, "$user: and is refused at once");
}
$primary->wait_for_catchup($standby{far});
is($on{far}->query($who->($silent{$_})), $_, "$_: it is accepted when its session is there") foreach qw(wrapped framework);

# A wait can be cancelled, and outlives neither its statement nor its server's recovery.
$late = created('cancelled');
my ($status, $out, $err) = $standby{far}->psql('postgres', "\\set VERBOSITY sqlstate\nSET statement_timeout = '100ms';\n" . $who->($late));
like($err, qr/57014/, 'statement_timeout ends it');
is($on{far}->query($who->($late)), 'cancelled', 'and who asks again waits again');

# Without the setting on the primary, tokens are as they always were, and they go on working.
$plain->query('SET session_auth.replica_wait = 0');
my $old = created('old');
like($old, qr/^sat_[A-Za-z0-9_-]{43}$/, 'a token without a time');
is($on{far}->query($who->($old)), 'nobody', 'is refused until it is there');
$primary->wait_for_catchup($standby{far});
is($on{far}->query($who->($old)), 'old', 'and accepted then');
is($on{far}->query($who->($before)), 'early', 'as are those of before');

# An end lags as before.
$plain->query("SELECT session_auth.expire_session('$old'::text)");
is($on{far}->query($who->($old)), 'old', 'an end is not in force where it is not replayed');
$primary->wait_for_catchup($standby{far});
is($on{far}->query($who->($old)), 'nobody', 'and is once it is');

# Who waits while the standby is promoted gets his answer.
$plain->query('SET session_auth.replica_wait = 20000');
my $during = $plain->query("BEGIN; SELECT token FROM session_auth.create_session('during')");
$plain->query('ROLLBACK');
$on{near}->{stdin} .= $who->($during) . "; \\echo promoted\n";
$on{near}->{run}->pump_nb;
$standby{near}->promote;
my $start = time;
is($on{near}->query('SELECT pg_is_in_recovery()') =~ /nobody/ ? 'answered' : 'not', 'answered', 'a promotion ends the wait');
cmp_ok(time - $start, '<', 15, 'before its time');

$_->quit foreach $plain, $admin, values %on;
$_->stop foreach values %standby, $primary;
done_testing();
