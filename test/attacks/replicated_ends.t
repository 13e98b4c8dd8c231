# Two servers that replicate sessions to each other: a session that was ended on one
# of them stays ended on both, whatever the other one does with it at the same time and
# whichever arrives first; tokens that have a successor do not come back, and rows that
# both have do not stop replication.
# Siblings: test/t/logical.t, test/t/replicated_back.t.
# Guards: sql/parts/replication.sql, session_rotate().
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my @conf = ('wal_level = logical', 'max_wal_senders = 10', 'max_replication_slots = 10', 'wal_retrieve_retry_interval = 100ms', 'max_logical_replication_workers = 20', 'max_worker_processes = 30',
	'session_auth.touch_interval = 0', 'session_auth.rotation_grace = 0');
my %server = map { $_ => new_server($_, @conf) } qw(a b);
my $major = $server{a}->safe_psql('postgres', q{SELECT current_setting('server_version_num')::integer / 10000});
$_->safe_psql('postgres', 'CREATE EXTENSION session_auth') foreach values %server;

sub on
{
	my ($name, $statement) = @_;
	return $server{$name}->safe_psql('postgres', $statement);
}

# What docs/reliability.md says is typed as it stands there, but for where the servers are
# and, on PostgreSQL 15, for what that has not.
my $said = slurp_file('docs/reliability.md');
my %publication = map { /CREATE PUBLICATION (\w+)/; $1 => $_ } $said =~ /^(CREATE PUBLICATION .*?;)$/msg;
my %subscription = map { /CREATE SUBSCRIPTION (\w+)/; $1 => $_ } $said =~ /^(CREATE SUBSCRIPTION .*?;)$/msg;
is(join(' ', sort(keys %publication), sort(keys %subscription)), 'configuration sessions configuration_from_a from_a from_b', 'the documentation says what to publish, and in which direction');
$publication{sessions} =~ s/, delete// if $major < 16;

sub subscribe
{
	my ($to, $from, $what) = (@_, '');
	my $statement = $subscription{"${what}from_$from"};
	my $there = $server{$from}->connstr('postgres');
	$statement =~ s/'host=$from dbname=\w+'/\$\$$there\$\$/;
	$statement =~ s/ WITH \(origin = none\)// if $major < 16;
	$statement =~ s/(SUBSCRIPTION \w*)from_$from/$1to_$to/;
	return on($to, $statement);
}

# In time, which an error of replication that is tried again and again is not.
sub copied
{
	my ($to, $name) = @_;
	ok($server{$to}->poll_query_until('postgres', q{SELECT count(*) > 0 AND bool_and(srsubstate IN ('r', 's')) FROM pg_subscription_rel}), $name);
	return;
}

sub caught_up
{
	for (1 .. 2)
	{
		$server{a}->wait_for_catchup('to_b');
		$server{b}->wait_for_catchup('to_a');
	}
	$server{a}->wait_for_catchup('configuration_to_b');
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
		$server{$name}->poll_query_until('postgres', "SELECT count(pid) = $there FROM pg_stat_subscription WHERE subname = 'to_$name'") or die 'workers';
	}
	return;
}

sub other { return $_[0] eq 'a' ? 'b' : 'a' }

sub new_session
{
	my ($name, $user) = @_;
	my ($id, $token) = split /\|/, on($name, "SELECT session_id, token FROM session_auth.create_session('$user')");
	caught_up();
	return ($id, $token);
}

sub rotate_as_before
{
	my ($name, $id) = @_;
	my $newer = on($name, q{SELECT encode(sha256(gen_random_uuid()::text::bytea), 'hex')});
	on($name, "BEGIN;
		INSERT INTO session_auth.rotated_tokens (token_hash, session_id, rotated_at)
			SELECT token_hash, session_id, clock_timestamp() FROM session_auth.sessions WHERE session_id = '$id';
		UPDATE session_auth.sessions SET token_hash = sha256('$newer'), token_key = ('x' || encode(substr(sha256('$newer'), 1, 8), 'hex'))::bit(64)::bigint,
			last_seen_at = clock_timestamp() WHERE session_id = '$id';
		COMMIT");
	return $newer;
}

# What purge_sessions() does, and to none of the others.
sub purge_one
{
	my ($name, $session) = @_;
	return on($name, "DELETE FROM session_auth.sessions WHERE session_id = '$session->{id}' AND expires_at <= clock_timestamp()");
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
on('a', $publication{sessions});
on('a', $publication{configuration});
on('b', $publication{sessions});
subscribe('b', 'a');
subscribe('b', 'a', 'configuration_');
copied('b', 'the first copy is made');
is(on('b', "SELECT user_id FROM session_auth.verify_session('$early')"), 'early', 'the first copy passes over what is there already');
# with what came from there: PostgreSQL 16 warns of that, and on any all of it is there
subscribe('a', 'b');
copied('a', 'and the copy back');
caught_up();
# (since when the lesser of two tokens counts as rotated is what each server saw)
my $everything = join ' UNION ALL ', map { "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM $_ t" } '(SELECT token_hash, session_id FROM session_auth.rotated_tokens)', map { "session_auth.$_" }
	qw(sessions revoked_tokens user_revocations session_events roles role_parents permissions);
rows_are_equal($everything, 'and so does the copy back: both have the same rows');

# Each scenario is what is done to a session on both servers while they are apart, and
# what is to be seen when both have heard of it. All go on at once.
my @scenarios;

sub scenario
{
	my ($name, $apart, $check) = @_;
	push @scenarios, { name => $name, apart => $apart, check => $check };
	return;
}

my $row = sub { return "SELECT s FROM session_auth.sessions s WHERE session_id = '$_[0]{id}'" };
my %crossing = (
	touched => "SELECT user_id FROM session_auth.verify_session('%s')",
	refreshed => "SELECT session_auth.refresh_session('%s')",
	rotated => "SELECT token FROM session_auth.rotate_session('%s')");

foreach my $one (qw(a b))
{
	my $two = other($one);

	# the report: ended here, merely touched there
	foreach my $done (sort keys %crossing)
	{
		scenario("ended on $one, $done on $two", sub {
			my ($session) = @_;
			on($one, "SELECT session_auth.expire_session('$session->{id}'::uuid)");
			$session->{newer} = on($two, sprintf $crossing{$done}, $session->{token});
		}, sub {
			my ($session, $case) = @_;
			is(who($session->{token}), '- -', $case);
			is(who($session->{newer}), '- -', "$case: nor with the new token") if $done eq 'rotated';
			is(on($two, "SELECT ended_at IS NOT NULL AND expires_at <= ended_at FROM session_auth.sessions WHERE session_id = '$session->{id}'"), 't', "$case: an end that purge_sessions() finds");
		});
	}
	scenario("ended and purged on $one, touched on $two", sub {
		my ($session) = @_;
		on($one, "SELECT session_auth.expire_session('$session->{id}'::uuid)");
		purge_one($one, $session);
		on($two, "SELECT * FROM session_auth.verify_session('$session->{token}')");
	}, sub {
		my ($session, $case) = @_;
		is(who($session->{token}), '- -', $case);
		# where deletions are not published, each purges what it knows to have ended
		purge_one($two, $session) if $major < 16;
		is(on($_, "SELECT count(*) FROM session_auth.sessions WHERE session_id = '$session->{id}'"), '0', "$case: gone from $_") foreach qw(a b);
	});
	scenario("ended on $one, then on $two", sub {
		my ($session) = @_;
		on($_, "SELECT session_auth.expire_session('$session->{id}'::uuid)") foreach $one, $two;
		$session->{ended_at} = on($one, "SELECT ended_at FROM session_auth.sessions WHERE session_id = '$session->{id}'");
	}, sub {
		my ($session, $case) = @_;
		is(on($_, "SELECT ended_at FROM session_auth.sessions WHERE session_id = '$session->{id}'"), $session->{ended_at}, "$case: the first end counts on $_") foreach qw(a b);
		is(on($two, "SELECT count(*) FROM session_auth.session_events WHERE session_id = '$session->{id}' AND event = 'session_ended'"), '2', "$case: both are in the audit trail");
	});
	# the old token does not come back into the row, in which 0.1.0 did not say when it rotated
	my %rotation = (
		'rotated' => sub { return on($one, sprintf $crossing{rotated}, $_[0]{token}) },
		'rotated by 0.1.0' => sub { return rotate_as_before($one, $_[0]{id}) });
	foreach my $rotated (sort keys %rotation)
	{
		scenario("$rotated on $one, refreshed with the old token on $two", sub {
			my ($session) = @_;
			$session->{newer} = $rotation{$rotated}->($session);
			on($two, sprintf $crossing{refreshed}, $session->{token});
		}, sub {
			my ($session, $case) = @_;
			is(who($session->{newer}), 'someone someone', "$case: the new token opens it");
			on($two, "SELECT * FROM session_auth.verify_session('$session->{token}')");
			$server{$two}->poll_query_until('postgres', "SELECT ended_by = 'theft' FROM session_auth.sessions WHERE session_id = '$session->{id}'") or die 'not ended';
			caught_up();
			is(who($session->{newer}), '- -', "$case: and the old one, past its grace, ends it on both");
		});
	}
	# one token stays, the same on both, and the other counts as rotated
	scenario("rotated on $one, then on $two", sub {
		my ($session) = @_;
		$session->{$_} = on($_, sprintf $crossing{rotated}, $session->{token}) foreach $one, $two;
	}, sub {
		my ($session, $case) = @_;
		is(who($session->{$two}), 'someone someone', "$case: the later token opens it");
		is(on($_, "SELECT count(*) FROM session_auth.rotated_tokens WHERE session_id = '$session->{id}'"), '2', "$case: the other one is a rotated token on $_") foreach qw(a b);
	});
	# which token was used last says nothing: each server has seen other uses
	scenario("rotated on $one, then on $two, then used on $one", sub {
		my ($session) = @_;
		$session->{$_} = on($_, sprintf $crossing{rotated}, $session->{token}) foreach $one, $two;
		on($one, sprintf $crossing{touched}, $session->{$one});
	}, sub {
		my ($session, $case) = @_;
		is(who($session->{$two}), 'someone someone', "$case: the later token opens it on both");
		is(on($_, "SELECT count(*) FROM session_auth.rotated_tokens WHERE session_id = '$session->{id}'"), '2', "$case: the other one is a rotated token on $_") foreach qw(a b);
	});
	scenario("refreshed on $one, touched on $two", sub {
		my ($session) = @_;
		on($_, "UPDATE session_auth.sessions SET lifetime = '90 days' WHERE session_id = '$session->{id}'") foreach $one, $two;
		$session->{expiry} = on($one, sprintf $crossing{refreshed}, $session->{token});
		on($two, sprintf $crossing{touched}, $session->{token});
	}, sub {
		my ($session, $case) = @_;
		is(on($_, "SELECT expires_at FROM session_auth.sessions WHERE session_id = '$session->{id}'"), $session->{expiry}, "$case: $_ has the later expiry") foreach qw(a b);
	});
}

foreach my $first (qw(a b))
{
	my @sessions = map { my %session; @session{qw(id token)} = split /\|/, on('a', q{SELECT session_id, token FROM session_auth.create_session('someone')}); \%session } @scenarios;
	caught_up();
	apart();
	$scenarios[$_]{apart}->($sessions[$_]) foreach 0 .. $#scenarios;
	together($first);
	$server{ other($first) }->wait_for_catchup("to_$first");
	together(other($first));
	caught_up();
	foreach my $i (0 .. $#scenarios)
	{
		$scenarios[$i]{check}->($sessions[$i], "$scenarios[$i]{name}, heard of on $first first");
		rows_are_equal($row->($sessions[$i]), "$scenarios[$i]{name}: one row on both");
	}
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

# Which ends what is there: a session that has not arrived lives on.
apart();
my $unheard = on('a', q{SELECT token FROM session_auth.create_session('unheard')});
is(on('b', q{SELECT session_auth.expire_user_sessions('unheard')}), '0', 'log out everywhere, on b, which has not heard of a session');
together();
caught_up();
is(who($unheard), 'unheard unheard', 'does not end it');

# A token that was handed to both has a session on each, of which neither would hear of the
# other's end: it opens nothing, and replication goes on.
apart();
my $handed = 'AVxm3h0YQdXk2p7LrT9wZsNb';
on($_, "SELECT session_auth.create_session('handed', token => '$handed')") foreach qw(a b);
is(who($handed), 'handed handed', 'a token that was handed to create_session on both');
together();
caught_up();
is(who($handed), '- -', 'opens nothing any more when they have heard of each other');
# where origin = none is to be had, what a server writes as it hears of a row is its own
is(on($_, q{SELECT count(*) FROM session_auth.session_events WHERE user_id = 'handed' AND event = 'session_ended'}), $major < 16 ? '2' : '1', "as the audit trail of $_ says") foreach qw(a b);
on($_, q{DELETE FROM session_auth.session_events WHERE user_id = 'handed'}) foreach qw(a b);
(undef, $token) = new_session('a', 'afterwards');
is(who($token), 'afterwards afterwards', 'while others go on');
on($_, q{SELECT session_auth.purge_sessions()}) foreach qw(a b);
caught_up();
is(who($handed), '- -', 'nor after a purge');
is(on($_, q{SELECT count(*) FROM session_auth.sessions WHERE user_id = 'handed'}), '0', "of both: $_") foreach qw(a b);

# Nothing goes round and round, also where origin = none is not to be had.
my $versions = join ' UNION ALL ', map { "SELECT '$_', md5(string_agg(t.xmin::text, '' ORDER BY t.xmin::text)) FROM session_auth.$_ t" }
	qw(sessions rotated_tokens revoked_tokens user_revocations session_events);
caught_up();
my %settled = map { $_ => on($_, $versions) } qw(a b);
sleep 2;
is(on($_, $versions), $settled{$_}, "what came back to $_ is written no second time") foreach qw(a b);
on($_, q{SELECT session_auth.purge_sessions()}) foreach $major < 16 ? qw(a b) : 'b';
caught_up();
rows_are_equal($everything, 'in the end both have the same rows');
# Its columns have other names from 19 on.
is(on($_, q{SELECT count(*) FROM pg_stat_subscription_stats s, jsonb_each_text(to_jsonb(s)) WHERE key LIKE '%error_count' AND value <> '0'}), '0', "replication to $_ never stopped") foreach qw(a b);

on($_, "ALTER SUBSCRIPTION to_$_ DISABLE; ALTER SUBSCRIPTION to_$_ SET (slot_name = NONE); DROP SUBSCRIPTION to_$_") foreach qw(a b);
on('b', 'ALTER SUBSCRIPTION configuration_to_b DISABLE; ALTER SUBSCRIPTION configuration_to_b SET (slot_name = NONE); DROP SUBSCRIPTION configuration_to_b');
$_->stop foreach values %server;
done_testing();
