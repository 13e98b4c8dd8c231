# Two servers that replicate sessions to each other: a session that was ended on one
# of them stays ended on both, whatever the other one does with it at the same time and
# whichever arrives first; tokens that have a successor do not come back, and rows that
# both have do not stop replication.
# Siblings: test/t/logical.t, test/t/replica_wait.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my @conf = ('wal_level = logical', 'wal_retrieve_retry_interval = 100ms', 'max_logical_replication_workers = 20', 'max_worker_processes = 30',
	'session_auth.touch_interval = 0', 'session_auth.rotation_grace = 0');
my %server = map { $_ => new_server($_, @conf) } qw(a b);
my $major = $server{a}->safe_psql('postgres', q{SELECT current_setting('server_version_num')::integer / 10000});
$_->safe_psql('postgres', 'CREATE EXTENSION session_auth') foreach values %server;

sub on
{
	my ($name, $statement) = @_;
	return $server{$name}->safe_psql('postgres', $statement);
}

# As docs/reliability.md says it: the administrator's tables go one way, sessions and
# what refuses tokens go both ways.
my $both_ways = 'session_auth.sessions, session_auth.rotated_tokens, session_auth.revoked_tokens, session_auth.user_revocations, session_auth.session_events';
my $one_way = 'session_auth.roles, session_auth.role_parents, session_auth.permissions, session_auth.user_roles, session_auth.keys, session_auth.key_secrets, session_auth.authjs_secrets, session_auth.cookie_secrets';
my $origin = $major >= 16 ? ', origin = none' : '';

sub subscribe
{
	my ($to, $from, $publications, $options) = @_;
	return on($to, "CREATE SUBSCRIPTION to_$to CONNECTION '" . $server{$from}->connstr('postgres') . "' PUBLICATION $publications WITH ($options$origin)");
}

sub caught_up
{
	for (1 .. 2)
	{
		$server{a}->wait_for_catchup('to_b');
		$server{b}->wait_for_catchup('to_a');
	}
	return;
}

# Each server works by itself for a while: nothing arrives until both go on.
sub apart { on($_, "ALTER SUBSCRIPTION to_$_ DISABLE") foreach qw(a b); waits_for_workers(0); return; }
sub together { on($_, "ALTER SUBSCRIPTION to_$_ ENABLE") foreach @_ ? @_ : qw(a b); waits_for_workers(1, @_ ? @_ : qw(a b)); return; }

sub waits_for_workers
{
	my ($there, @names) = @_;
	foreach my $name (@names ? @names : qw(a b))
	{
		$server{$name}->poll_query_until('postgres', "SELECT count(pid) = $there FROM pg_stat_subscription") or die 'workers';
	}
	return;
}

sub other { return $_[0] eq 'a' ? 'b' : 'a' }

# What is done apart reaches the one server first, then the other.
sub cross
{
	my ($first) = @_;
	together($first);
	$server{ other($first) }->wait_for_catchup("to_$first");
	together(other($first));
	caught_up();
	return;
}

sub new_session
{
	my ($name, $user) = @_;
	my ($id, $token) = split /\|/, on($name, "SELECT session_id, token FROM session_auth.create_session('$user')");
	caught_up();
	return ($id, $token);
}

sub who
{
	my ($token) = @_;
	return join ' ', map { on($_, "SELECT coalesce((SELECT user_id FROM session_auth.verify_session('$token')), '-')") } qw(a b);
}

sub rows_are_equal
{
	my ($what, $name) = @_;
	my ($a, $b) = map { on($_, $what) } qw(a b);
	is($a, $b, $name);
	return;
}

# Both have rows before they know of each other, among them a role and its permission.
on($_, q{SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}'), session_auth.create_role('CHIEF', '{ADMIN}')}) foreach qw(a b);
my $early = on('a', q{SELECT token FROM session_auth.create_session('early')});
on('b', q{SELECT session_auth.create_session('late'), session_auth.expire_user_sessions('somebody'), session_auth.revoke_token('a jti')});
on('a', "CREATE PUBLICATION sessions FOR TABLE $both_ways WITH (publish = 'insert, update, delete')");
on('a', "CREATE PUBLICATION configuration FOR TABLE $one_way");
on('b', "CREATE PUBLICATION sessions FOR TABLE $both_ways WITH (publish = 'insert, update, delete')");
subscribe('b', 'a', 'sessions, configuration', 'copy_data = true');
$server{b}->wait_for_subscription_sync($server{a}, 'to_b');
is(on('b', "SELECT user_id FROM session_auth.verify_session('$early')"), 'early', 'the first copy passes over what is there already');
# with what came from there: PostgreSQL 16 warns of that, and on any all of it is there
subscribe('a', 'b', 'sessions', 'copy_data = true');
$server{a}->wait_for_subscription_sync($server{b}, 'to_a');
caught_up();
my $everything = join ' UNION ALL ', map { "SELECT '$_', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM session_auth.$_ t" }
	qw(sessions rotated_tokens revoked_tokens user_revocations session_events roles role_parents permissions);
rows_are_equal($everything, 'and so does the copy back: both have the same rows');

# The report: ended here, merely touched there.
foreach my $first (qw(a b))
{
	foreach my $ended (qw(a b))
	{
		my $touched = other($ended);
		my $case = "ended on $ended, reaching $first first:";
		my %crossing = (
			touched => "SELECT user_id FROM session_auth.verify_session('%s')",
			refreshed => "SELECT session_auth.refresh_session('%s')",
			rotated => "SELECT token FROM session_auth.rotate_session('%s')");
		foreach my $done (sort keys %crossing)
		{
			my ($id, $token) = new_session('a', 'crossing');
			apart();
			is(on($ended, "SELECT session_auth.expire_session('$id'::uuid)"), 't', "$case it ends");
			my $newer = on($touched, sprintf $crossing{$done}, $token);
			cross($first);
			is(who($token), '- -', "$case $done on $touched");
			is(who($newer), '- -', "$case and so with the new token") if $done eq 'rotated';
			rows_are_equal("SELECT s FROM session_auth.sessions s WHERE session_id = '$id'", "$case one row");
			is(on($touched, "SELECT ended_at IS NOT NULL AND expires_at <= ended_at FROM session_auth.sessions WHERE session_id = '$id'"), 't', "$case an end that purge finds");
		}

		# purged on one side, touched on the other
		my ($id, $token) = new_session('a', 'purged');
		apart();
		on($ended, "SELECT session_auth.expire_session('$id'::uuid), session_auth.purge_sessions()");
		on($touched, "SELECT * FROM session_auth.verify_session('$token')");
		cross($first);
		is(who($token), '- -', "$case purged on $ended, touched on $touched");
		is(on($touched, "SELECT count(*) FROM session_auth.sessions WHERE session_id = '$id'"), '0', "$case and gone from both");
	}

	# ended on both
	my ($id, $token) = new_session('b', 'twice');
	apart();
	on($_, "SELECT session_auth.expire_session('$id'::uuid)") foreach qw(b a);
	my $earliest = on('b', "SELECT ended_at FROM session_auth.sessions WHERE session_id = '$id'");
	cross($first);
	is(on('a', "SELECT ended_at FROM session_auth.sessions WHERE session_id = '$id'"), $earliest, "ended on both, reaching $first first: the first end counts");
	is(on('a', "SELECT count(*) FROM session_auth.session_events WHERE session_id = '$id' AND event = 'session_ended'"), '2', 'and both are in the audit trail');
	rows_are_equal("SELECT s FROM session_auth.sessions s WHERE session_id = '$id'", 'on both');

	# rotated on one, used on the other: the old token does not come back into the row
	foreach my $rotated (qw(a b))
	{
		my $used = other($rotated);
		($id, $token) = new_session('a', 'rotating');
		apart();
		my $newer = on($rotated, "SELECT token FROM session_auth.rotate_session('$token')");
		on($used, "SELECT session_auth.refresh_session('$token')");
		cross($first);
		is(who($newer), 'rotating rotating', "rotated on $rotated and refreshed on $used, reaching $first first: the new token opens it");
		rows_are_equal("SELECT s FROM session_auth.sessions s WHERE session_id = '$id'", 'one row');
		on($used, "SELECT * FROM session_auth.verify_session('$token')");
		$server{$used}->poll_query_until('postgres', "SELECT ended_by = 'theft' FROM session_auth.sessions WHERE session_id = '$id'") or die 'not ended';
		caught_up();
		is(who($newer), '- -', 'and the old one, past its grace, ends it on both');
	}

	# rotated on both: one token stays, the same on both, and the other counts as rotated
	($id, $token) = new_session('a', 'racing');
	apart();
	my %newer = map { $_ => on($_, "SELECT token FROM session_auth.rotate_session('$token')") } qw(a b);
	cross($first);
	is(who($newer{b}), 'racing racing', "rotated on both, reaching $first first: the later token opens it");
	rows_are_equal("SELECT s FROM session_auth.sessions s WHERE session_id = '$id'", 'on both');
	is(on('a', "SELECT count(*) FROM session_auth.rotated_tokens WHERE session_id = '$id'"), '2', 'the other one is a rotated token');
	is(on('b', "SELECT count(*) FROM session_auth.rotated_tokens WHERE session_id = '$id'"), '2', 'on both');

	# refreshed on one: a touch on the other does not take that back
	($id, $token) = new_session('b', 'sliding');
	apart();
	on('a', "UPDATE session_auth.sessions SET lifetime = '90 days' WHERE session_id = '$id'");
	my $expiry = on('a', "SELECT session_auth.refresh_session('$token')");
	on('b', "SELECT * FROM session_auth.verify_session('$token')");
	cross($first);
	is(on($_, "SELECT expires_at FROM session_auth.sessions WHERE session_id = '$id'"), $expiry, "refreshed, and touched on the other, reaching $first first: $_ has the later expiry") foreach qw(a b);
}

# What is warm hears of it: an identity that is in force ends with its session.
my ($id, $token) = new_session('a', 'warm');
my %warm = map { $_ => $server{$_}->background_psql('postgres', on_error_stop => 0) } qw(a b);
$warm{$_}->query("SELECT session_auth.authenticate('$token', 'connection')") foreach qw(a b);
is($warm{a}->query('SELECT session_auth.user_id()'), 'warm', 'an identity is in force');
on('b', "SELECT session_auth.expire_session('$id'::uuid)");
caught_up();
is($warm{$_}->query('SELECT session_auth.is_authenticated()'), 'f', "ended on b, over on $_") foreach qw(a b);
$_->quit foreach values %warm;

# Revocations and the ends of all of a user's sessions go both ways too.
on('a', q{SELECT session_auth.create_session('everywhere')});
caught_up();
is(on('b', q{SELECT session_auth.expire_user_sessions('everywhere')}), '1', 'log out everywhere, on b');
on('b', q{SELECT session_auth.revoke_token('another jti')});
caught_up();
is(on('a', q{SELECT count(*) FROM session_auth.sessions WHERE user_id = 'everywhere' AND ended_at IS NULL}), '0', 'holds on a');
is(on('a', q{SELECT count(*) FROM session_auth.user_revocations WHERE user_id = 'everywhere'}), '1', 'with signed tokens');
is(on('a', q{SELECT count(*) FROM session_auth.revoked_tokens WHERE jti = 'another jti'}), '1', 'and one by its jti');

# Nothing goes round and round, also where origin = none is not to be had.
caught_up();
my %before = map { $_ => on($_, 'SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables WHERE schemaname = \'session_auth\'') } qw(a b);
sleep 1;
caught_up();
sleep 1;
is(on($_, 'SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables WHERE schemaname = \'session_auth\''), on($_, 'SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables WHERE schemaname = \'session_auth\''), "$_ is at rest") foreach qw(a b);
on('a', q{SELECT session_auth.create_session('counted')});
caught_up();
my $lsn = on('a', 'SELECT pg_current_wal_insert_lsn()');
caught_up();
on('b', q{SELECT session_auth.purge_sessions()});
caught_up();
rows_are_equal($everything, 'in the end both have the same rows');
is(on($_, q{SELECT count(*) FROM pg_stat_subscription_stats WHERE apply_error_count + sync_error_count > 0}), '0', "replication to $_ never stopped") foreach qw(a b);

on($_, "ALTER SUBSCRIPTION to_$_ DISABLE; ALTER SUBSCRIPTION to_$_ SET (slot_name = NONE); DROP SUBSCRIPTION to_$_") foreach qw(a b);
$_->stop foreach values %server;
done_testing();
