# What a hot standby refuses as soon as a commit is replayed, with warm caches,
# beyond standby.t: roles taken, keys, signed tokens and sessions that are in
# force; and a promotion in the middle of traffic, which loses no session that
# was answered and accepts none whose end was.
# Also: test/attacks/standby_reads.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;
use SessionLedger;

# remote_apply: what the primary has answered, the standby has replayed.
my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', join("\n", 'fsync = off', 'session_auth.warn_literal_tokens = off', 'autovacuum = off', 'max_connections = 40',
	'session_auth.touch_interval = 0', 'session_auth.rotation_grace = 3600', 'session_auth.idle_timeout = 1000', ''));
$primary->start;
add_extension($primary);
$primary->safe_psql('postgres', q{
	SELECT session_auth.create_role('CHIEF', '{ADMIN}');
	SELECT session_auth.add_key('k', 'HS256', repeat('failover', 5), 'https://i', role_claim => 'role');
	CREATE TABLE accounts (id int, owner text);
	INSERT INTO accounts VALUES (1, 'alice'), (2, 'bob');
	SELECT session_auth.protect_table('accounts', owner_column => 'owner');
	GRANT SELECT ON accounts TO app;
	-- until half a second after the promotion
	CREATE FUNCTION watch(good text, bad text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		until timestamptz := clock_timestamp() + interval '1 minute';
		seen bigint := 0; lost bigint := 0; revived bigint := 0; promoted boolean := false;
	BEGIN
		WHILE clock_timestamp() < until LOOP
			seen := seen + 1;
			lost := lost + (NOT EXISTS (SELECT FROM session_auth.verify_session(good)))::int;
			revived := revived + (EXISTS (SELECT FROM session_auth.verify_session(bad)))::int;
			IF NOT promoted AND NOT pg_is_in_recovery() THEN
				promoted := true;
				until := clock_timestamp() + interval '0.5 s';
			END IF;
		END LOOP;
		RETURN format('seen %s, lost %s, revived %s, promoted %s', seen > 100, lost, revived, promoted);
	END
	$$;
});
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
# or a long statement here would hold up what is replayed, revocations too
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\n");
$standby->start;
$primary->append_conf('postgresql.conf', "synchronous_standby_names = 'standby'\nsynchronous_commit = remote_apply\n");
$primary->reload;
$primary->poll_query_until('postgres', q{SELECT sync_state = 'sync' FROM pg_stat_replication}) or die 'no synchronous standby';

sub answered
{
	my ($statement) = @_;
	return $primary->safe_psql('postgres', $statement);
}

sub new_session
{
	my ($user) = @_;
	return answered("SELECT token FROM session_auth.create_session('$user')");
}

# Two connections of the request's role with warm caches, one of them in a
# transaction that began before anything changed; and one of an administrator.
my ($plain, $old) = map { $standby->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username', 'app' ]) } 1 .. 2;
my $admin = $standby->background_psql('postgres', on_error_stop => 0);

# One answer, of both.
sub both
{
	my ($question, $expected, $name) = @_;
	is(join('|', map { scalar $_->query($question) } $plain, $old), "$expected|$expected", $name);
	return;
}

my %token = map { ($_ => new_session($_)) } qw(alice bob carol dora emil);
my $jwt = answered(q{SELECT session_auth.issue_token('judy', '1 hour', '{"role": "ADMIN", "sid": 1}', 'k')});
my $second_jwt = answered(q{SELECT session_auth.issue_token('judy', '1 hour', '{"role": "ADMIN", "sid": 2}', 'k')});
my $jti = answered("SELECT claims->>'jti' FROM session_auth.verify_session('$jwt')");
my $who = sub { return "SELECT coalesce((SELECT user_id || roles::text FROM session_auth.verify_session('$_[0]')), 'nobody')" };
my $chief = q{SELECT session_auth.has_permission('CHIEF', 'view', 'accounts')};

$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM accounts');
both($who->($token{alice}), 'alice{ADMIN}', 'a session verifies');
both($who->($jwt), 'judy{ADMIN}', 'a signed token does');
both($chief, 't', 'a permission is inherited');
is($plain->query_safe("BEGIN; SELECT user_id FROM session_auth.authenticate('$token{alice}'); SELECT string_agg(owner, ',') FROM accounts; COMMIT; SELECT count(*) FROM accounts"),
	"alice\nalice\n0", 'policies hold on a standby');
is($plain->query_safe("SELECT user_id FROM session_auth.authenticate('$token{bob}', 'connection')"), 'bob', 'an identity is in force for a connection');

answered(q{SELECT session_auth.grant_role('alice', 'USER')});
both($who->($token{alice}), 'alice{ADMIN,USER}', 'a role that is granted is there');
answered(q{SELECT session_auth.revoke_role('alice', 'ADMIN')});
both($who->($token{alice}), 'alice{USER}', 'a role that is taken is gone');
answered(q{SELECT session_auth.disinherit_role('CHIEF', 'ADMIN')});
both($chief, 'f', 'what is inherited no longer is gone');
answered(q{SELECT session_auth.inherit_role('CHIEF', 'ADMIN')});
both($chief, 't', 'inherited again: there again');
is($plain->query(q{SELECT session_auth.user_id() || session_auth.has_role('USER')}), 'bobtrue', 'the identity in force has its role');
answered(q{SELECT session_auth.drop_role('USER')});
is($plain->query(q{SELECT session_auth.user_id() || session_auth.has_role('USER')}), 'bobfalse', 'a role that is dropped is gone from it');
both($who->($token{alice}), 'alice{}', 'and from the others');
answered("SELECT session_auth.expire_session('$token{bob}'::text)");
is($plain->query(q{SELECT coalesce(session_auth.user_id(), 'nobody')}), 'nobody', 'the end of its session ends it');
both($who->($token{bob}), 'nobody', 'and the session verifies no longer');

answered("SELECT session_auth.revoke_token('$jti')");
both($who->($jwt), 'nobody', 'a signed token that is revoked');
both($who->($second_jwt), 'judy{ADMIN}', '… and that one alone');
my $expired = answered(q{SELECT pg_sleep(1.1); SELECT session_auth.expire_user_sessions('judy'), session_auth.expire_user_sessions('carol')});
both($who->($second_jwt), 'nobody', q{a user's signed tokens, all at once});
both($who->($token{carol}), 'nobody', q{a user's sessions, all at once});
my $third_jwt = answered(q{SELECT session_auth.issue_token('kurt', '1 hour', '{"role": "ADMIN"}', 'k')});
both($who->($third_jwt), 'kurt{ADMIN}', 'a key is known');
answered(q{SELECT session_auth.disable_key('k', 'https://i')});
both($who->($third_jwt), 'nobody', 'a key that is disabled opens nothing');
answered(q{SELECT session_auth.drop_key('k', 'https://i'); SELECT session_auth.add_key('k', 'HS256', repeat('failover', 5), 'https://i', role_claim => 'role')});
both($who->($third_jwt), 'kurt{ADMIN}', 'one that is added does');

my $rotated = answered("SELECT token FROM session_auth.rotate_session('$token{dora}')");
both($who->($rotated), 'dora{}', 'a rotated session: its new token');
both($who->($token{dora}), 'dora{}', 'and the old one, in its grace');
answered('SELECT session_auth.purge_sessions()');
both($who->($token{bob}), 'nobody', 'a session that is purged stays refused');
$old->query('COMMIT');

# Nothing was written, and nothing can be.
is($admin->query('SELECT pg_is_in_recovery()'), 't', 'it is still a standby');
foreach my $call (qq{create_session('x')}, qq{rotate_session('$rotated')}, qq{refresh_session('$rotated')}, qq{expire_session('$rotated'::text)},
	qq{expire_user_sessions('dora')}, qq{revoke_token('x')}, qq{grant_role('alice', 'ADMIN')}, qq{grant_permission('ADMIN', 'a', 'b')},
	qq{import_permissions('{"X": ["a:b"]}')}, qq{create_role('Y')}, qq{purge_sessions()}, qq{add_key('z', 'HS256', repeat('failover', 5))})
{
	$admin->query("\\set VERBOSITY sqlstate\nSELECT session_auth.$call");
	my ($function) = $call =~ /^(\w+)/;
	like($admin->{stderr}, qr/25006/, "$function: the read-only error of PostgreSQL");
	$admin->{stderr} = '';
}

# The thief comes to the standby: it refuses at once, remembers, and ends the
# session as soon as it can write.
my $stolen = $token{emil};
my $emil = answered("SELECT token FROM session_auth.rotate_session('$stolen')");
$admin->query_safe('SET session_auth.rotation_grace = 0');
is($admin->query($who->($emil)), 'emil{}', 'a session before theft');
is($admin->query($who->($stolen)), 'nobody', 'the token before it, after its grace');
is($admin->query($who->($emil)), 'nobody', 'ends the session for this connection');
is($plain->query($who->($emil)), 'emil{}', '… which the others are not told');

# Promotion in the middle of traffic.
my $watched = new_session('watched');
my $gone = new_session('gone');
answered("SELECT session_auth.expire_session('$gone'::text)");
my ($watch_said, $watch_failed) = ('', '');
my $watching = IPC::Run::start([ 'psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--host', $standby->host, '--port', $standby->port, 'postgres',
	'--command', "SELECT watch('$watched', '$gone')" ], '>', \$watch_said, '2>', \$watch_failed);
if (!SessionLedger::available())
{
	$primary->stop('immediate');
	$standby->promote;
	SKIP: { skip 'psycopg is not installed: no traffic', 1; }
}
else
{
	my $seed = $ENV{SESSION_AUTH_SEED} // int(rand(1 << 30));
	my $ledger = SessionLedger->new(12, $seed);
	my $before = $ledger->ask('work', $primary->connstr('postgres'), 0.5);
	is_deeply($before->{unexpected}, [], 'traffic: no error');
	# with on, as most have it, a commit is answered when the standby has it on
	# disk: replayed or not, promotion replays it
	$primary->safe_psql('postgres', 'ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf()');
	my ($pid) = split /\n/, slurp_file($primary->data_dir . '/postmaster.pid');
	my $run = $ledger->ask('run', $primary->connstr('postgres'), 'rotate', 'postmaster', $pid);
	$primary->{_pid} = undef;
	is_deeply($run->{unexpected}, [], 'the primary is killed: no other error');
	$standby->promote;
	my $check = $ledger->ask('check', $standby->connstr('postgres'));
	is($check->{wrong}, 0, "promoted: $check->{live} sessions live, $check->{ended} ended, $check->{tokens} tokens do what they should, $run->{counts}{unanswered} requests had no answer")
		or diag(join("\n", "seed $seed", @{ $check->{examples} }));
	cmp_ok($check->{$_}, '>', 10, "there were such that are $_") foreach 'live', 'ended';
	my $after = $ledger->ask('work', $standby->connstr('postgres'), 0.5);
	is_deeply($after->{unexpected}, [], 'the new primary creates, rotates and ends sessions');
	cmp_ok($after->{counts}{create}, '>', 0, '… new ones too');
	is($ledger->ask('check', $standby->connstr('postgres'))->{wrong}, 0, 'and every token does what it should');
	$ledger->end;
}
$watching->finish;
is($watch_failed . $watch_said, "seen t, lost 0, revived 0, promoted t\n", 'a statement that ran through the promotion saw one session all along, the other never');

# Connections that lived through it.
is($admin->query($who->($emil)), 'nobody', 'the stolen session stays refused');
is($admin->query(q{SELECT ended_by FROM session_auth.sessions WHERE user_id = 'emil'}), 'theft', 'and has been ended where it can be written');
is($standby->safe_psql('postgres', $who->($emil)), 'nobody', '… for everybody');
both($who->($rotated), 'dora{}', 'sessions of before are known in old connections');
both($who->($token{bob}), 'nobody', 'ended ones are not');
$standby->safe_psql('postgres', q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts')});
both($chief, 'f', 'changes on the new primary are seen in old connections');
is($plain->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$token{alice}'); COMMIT; SELECT session_auth.is_authenticated()"), "alice\nf", 'and they authenticate');

$_->quit foreach $plain, $old, $admin;
$standby->stop;
done_testing();
