# Logical replication of roles, inheritance, permissions, grants to users, keys
# and sessions to another server: rows that arrive there, in the first copy and
# one by one, are seen by the next statement of a connection whose caches are
# warm, in a transaction of REPEATABLE READ too.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my @tables = map { "session_auth.$_" } qw(roles role_parents permissions permission_changes user_roles keys key_secrets sessions rotated_tokens revoked_tokens user_revocations);

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', "fsync = off\nsession_auth.warn_literal_tokens = off\n");
$publisher->start;
add_extension($publisher);
my $subscriber = new_server('subscriber', 'max_logical_replication_workers = 20', 'max_worker_processes = 30', 'max_sync_workers_per_subscription = 10',
	'wal_retrieve_retry_interval = 100ms');
$subscriber->safe_psql('postgres', q{CREATE EXTENSION session_auth; CREATE ROLE app LOGIN; SELECT session_auth.grant_usage('app', 'request')});

my ($warm, $old) = map { $subscriber->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username', 'app' ]) } 1 .. 2;

# Something happens on the publisher and has been applied; then one question,
# asked of both connections.
sub applied
{
	my ($statement) = @_;
	my $answer = $publisher->safe_psql('postgres', $statement);
	$publisher->wait_for_catchup('s');
	return $answer;
}

sub both
{
	my ($question, $expected, $name) = @_;
	is(join('|', map { scalar $_->query($question) } $warm, $old), "$expected|$expected", $name);
	return;
}

my $has = sub { return "SELECT session_auth.has_permission('$_[0]', 'view', 'accounts')" };
my $who = sub { return "SELECT coalesce((SELECT user_id || roles::text FROM session_auth.verify_session('$_[0]')), 'nobody')" };
my $secret = 'a secret that both servers know of';
my $alice = $publisher->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
$publisher->safe_psql('postgres', "SELECT session_auth.add_key('k', 'HS256', '$secret', 'https://i', role_claim => 'role')");
my $jwt = $publisher->safe_psql('postgres', q{SELECT session_auth.issue_token('judy', '1 hour', '{"role": "ADMIN"}', 'k')});
my $jti = $publisher->safe_psql('postgres', "SELECT claims->>'jti' FROM session_auth.verify_session('$jwt')");

$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
both($has->('ADMIN'), 'f', 'there is no permission before');
both($who->($alice), 'nobody', 'nor a session');
both($who->($jwt), 'nobody', 'nor a key');

# The first copy.
$publisher->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLE ' . join(', ', @tables));
$subscriber->safe_psql('postgres', q{CREATE SUBSCRIPTION s CONNECTION $$} . $publisher->connstr('postgres') . q{$$ PUBLICATION p});
$subscriber->wait_for_subscription_sync($publisher, 's');
both($has->('ADMIN'), 't', 'the first copy brings permissions');
both($who->($alice), 'alice{ADMIN}', 'sessions and roles of users');
both($who->($jwt), 'judy{ADMIN}', 'and keys');

# Row by row: permissions.
applied(q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts')});
both($has->('ADMIN'), 'f', 'a permission that is revoked is gone');
applied(q{SELECT session_auth.grant_permission('ADMIN', 'view', 'accounts')});
both($has->('ADMIN'), 't', 'granted again: there again');
applied(q{SELECT session_auth.deny_permission('ADMIN', 'view', '*')});
both($has->('ADMIN'), 'f', 'a denial holds');
applied(q{UPDATE session_auth.permissions SET resource = 'nothing' WHERE denied});
both($has->('ADMIN'), 't', 'an UPDATE by hand that moves it away');
$publisher->safe_psql('postgres', q{BEGIN; SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts'); ROLLBACK});
applied(q{SELECT session_auth.create_role('OTHER')});
both($has->('ADMIN'), 't', 'what is rolled back changes nothing');

# A role that is too large to be read at once; what the publisher records is not stored here.
applied(q{SELECT session_auth.create_role('LARGE'); INSERT INTO session_auth.permissions SELECT 'LARGE', 'view', 'thing:' || n, false FROM generate_series(1, 2000) n});
my $thing = sub { return "SELECT session_auth.has_permission('LARGE', 'view', 'thing:$_[0]')" };
both($thing->(7), 't', 'one of many permissions');
applied(q{SELECT session_auth.deny_permission('LARGE', 'view', 'thing:7')});
both($thing->(7), 'f', '… denied');
both($thing->(1999), 't', '… another');
applied(q{DELETE FROM session_auth.permissions WHERE role = 'LARGE' AND NOT denied});
both($thing->(1999), 'f', '… gone with many others');
applied(q{DELETE FROM session_auth.permission_changes; SELECT session_auth.grant_permission('LARGE', 'view', 'thing:1999')});
both($thing->(1999), 't', '… granted again, when the publisher had deleted its record');
is($subscriber->safe_psql('postgres', q{SELECT count(*) FROM session_auth.permission_changes WHERE xid > pg_snapshot_xmax(pg_current_snapshot())}), 0, 'no record of another server');

# Inheritance and roles.
applied(q{SELECT session_auth.create_role('CHIEF', '{ADMIN}')});
both($has->('CHIEF'), 't', 'a role that inherits');
applied(q{SELECT session_auth.disinherit_role('CHIEF', 'ADMIN')});
both($has->('CHIEF'), 'f', 'and inherits no longer');
applied(q{SELECT session_auth.inherit_role('CHIEF', 'ADMIN')});
both($has->('CHIEF'), 't', 'and again');

# Roles of users, also of an identity that is in force.
$warm->query_safe("SELECT session_auth.authenticate('$alice', 'connection')");
is($warm->query(q{SELECT session_auth.has_permission('view', 'accounts')}), 't', 'an identity has its permission');
applied(q{SELECT session_auth.revoke_role('alice', 'ADMIN')});
is($warm->query(q{SELECT session_auth.has_permission('view', 'accounts')}), 'f', 'its role taken, it has not');
both($who->($alice), 'alice{}', 'a role that is taken is gone');
applied(q{SELECT session_auth.grant_role('alice', 'CHIEF')});
both($who->($alice), 'alice{CHIEF}', 'one that is granted is there');
is($warm->query(q{SELECT session_auth.has_permission('view', 'accounts')}), 't', 'and the identity has its permission again');
applied(q{SELECT session_auth.drop_role('CHIEF')});
both($who->($alice), 'alice{}', 'a role that is dropped is gone from its users');
both($has->('CHIEF'), 'f', 'and so are its permissions');
is($warm->query(q{SELECT session_auth.has_permission('view', 'accounts')}), 'f', 'for the identity as well');

# Sessions, tokens, keys.
my $rotated = applied("SELECT token FROM session_auth.rotate_session('$alice')");
both($who->($rotated), 'alice{}', 'a rotated token opens its session');
applied("SELECT session_auth.expire_session('$rotated'::text)");
both($who->($rotated), 'nobody', 'a session that ended is refused');
is($warm->query(q{SELECT session_auth.is_authenticated()}), 'f', 'which ends the identity in force');
applied("SELECT session_auth.revoke_token('$jti')");
both($who->($jwt), 'nobody', 'a signed token that is revoked');
my $second = applied(q{SELECT session_auth.issue_token('kurt', '1 hour', '{"role": "ADMIN"}', 'k')});
both($who->($second), 'kurt{ADMIN}', 'another one');
applied(q{SELECT session_auth.disable_key('k', 'https://i')});
both($who->($second), 'nobody', 'a key that is disabled opens nothing');
applied(q{UPDATE session_auth.keys SET state = 'active'});
both($who->($second), 'kurt{ADMIN}', 'activated: it does');
applied(q{SELECT session_auth.drop_key('k', 'https://i')});
both($who->($second), 'nobody', 'dropped: it does not');

# All at once, which waits for who has read the table; and the subscriber's own
# changes beside what is replicated.
$old->query('COMMIT');
applied(q{TRUNCATE session_auth.permissions});
both($has->('ADMIN'), 'f', 'TRUNCATE takes all permissions');
applied(q{SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}')});
both($has->('ADMIN'), 't', 'an import brings them');
$subscriber->safe_psql('postgres', q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts')});
both($has->('ADMIN'), 'f', q{the subscriber's own change is seen as well});

# Events and revocations, which both servers write: their keys do not collide, and
# what is purged on one side is found by its key on the other.
$publisher->safe_psql('postgres', 'ALTER PUBLICATION p ADD TABLE session_auth.session_events');
my $written = q{SELECT session_auth.revoke_token('written-' || n, until => now() - interval '1 hour'), session_auth.expire_user_sessions('user-' || n % 5), session_auth.create_role('WRITTEN_' || n || current_setting('port')) FROM generate_series(1, 50) n};
$subscriber->safe_psql('postgres', $written);
my $own = $subscriber->safe_psql('postgres', 'SELECT count(*) FROM session_auth.session_events');
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION s REFRESH PUBLICATION');
$subscriber->wait_for_subscription_sync($publisher, 's');
applied($written);
my $theirs = $publisher->safe_psql('postgres', 'SELECT count(*) FROM session_auth.session_events');
is($subscriber->safe_psql('postgres', 'SELECT count(*), count(DISTINCT (at, event_id)) FROM session_auth.session_events'), join('|', ($own + $theirs) x 2), 'events of both servers stand side by side');
my $revoked = q{SELECT count(*), count(DISTINCT revocation_id) FROM session_auth.revoked_tokens WHERE jti LIKE 'written%'};
is($subscriber->safe_psql('postgres', $revoked), '100|100', 'and revocations');
applied(q{SELECT session_auth.purge_sessions()});
is($subscriber->safe_psql('postgres', $revoked), '50|50', 'what is purged on one side goes on the other, and no more');

# Every table that rows are deleted from has a replica identity, or
# purge_sessions() would fail under a publication of everything.
$publisher->safe_psql('postgres', 'DROP PUBLICATION p');
$publisher->safe_psql('template1', 'CREATE DATABASE everything');
$publisher->safe_psql('everything', 'CREATE EXTENSION session_auth; CREATE PUBLICATION all_of_it FOR ALL TABLES');
my ($status, $out, $err) = $publisher->psql('everything', 'SELECT session_auth.purge_sessions()');
is($out . $err, '0', 'purge_sessions() under a publication FOR ALL TABLES');

$_->quit foreach $warm, $old;
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION s DISABLE; ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s');
$subscriber->stop;
$publisher->stop;
done_testing();
