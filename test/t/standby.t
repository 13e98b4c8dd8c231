# On a hot standby: tokens verify, nothing is written, and a permission that is
# changed on the primary changes there too, in a backend that has cached it.
# Also: test/t/failover.t, test/attacks/standby_reads.t.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "fsync = off\nsession_auth.warn_literal_tokens = off\nsession_auth.touch_interval = 0\n");
$primary->start;
add_extension($primary);
my $token = $primary->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

sub replayed
{
	my ($statement) = @_;
	my $answer = $primary->safe_psql('postgres', $statement);
	$primary->wait_for_catchup($standby);
	return $answer;
}

my $backend = $standby->background_psql('postgres', on_error_stop => 0);
my $has = q{SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')};
is($backend->query($has), 't', 'a permission is there');
replayed(q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts')});
is($backend->query($has), 'f', 'revoked on the primary: gone on the standby');
replayed(q{SELECT session_auth.grant_permission('ADMIN', 'view', 'accounts')});
is($backend->query($has), 't', 'granted again: there again');
is($backend->query('BEGIN ISOLATION LEVEL REPEATABLE READ; ' . $has), 't', 'in a REPEATABLE READ transaction: there');
replayed(q{SELECT session_auth.deny_permission('ADMIN', 'view', 'accounts')});
is($backend->query($has), 'f', 'denied: at the next statement');
$backend->query('COMMIT');
replayed(q{TRUNCATE session_auth.permissions});
is($backend->query($has), 'f', 'truncated: gone');
replayed(q{SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}')});
is($backend->query($has), 't', 'imported again: there again');

# a role that is too large to be read at once, with a transaction that stays open on the primary
my $open = $primary->background_psql('postgres');
replayed(q{SELECT session_auth.create_role('LARGE'); INSERT INTO session_auth.permissions SELECT 'LARGE', 'view', 'thing:' || n, false FROM generate_series(1, 2000) n});
my $thing = sub { return $backend->query("SELECT session_auth.has_permission('LARGE', 'view', 'thing:$_[0]')") };
is($thing->(7), 't', 'one of many permissions');
$open->query_safe(q{BEGIN; SAVEPOINT a; SELECT session_auth.deny_permission('LARGE', 'view', 'thing:7'); RELEASE a});
replayed(q{SELECT session_auth.deny_permission('LARGE', 'view', 'thing:8')});
is($thing->(8), 'f', '… denied');
is($thing->(7), 't', 'what is not committed there is not in force here');
$open->query_safe('COMMIT');
replayed('SELECT');
is($thing->(7), 'f', '… and is when it is');
is($backend->query(q{SELECT cardinality(session_auth.permitted_resources('LARGE', 'view'))}), 1998, 'all of it');
replayed(q{DELETE FROM session_auth.permissions WHERE role = 'LARGE' AND resource IN ('thing:9', 'thing:7')});
is($backend->query(q{SELECT cardinality(session_auth.permitted_resources('LARGE', 'view'))}), 1997, '… but for what was taken from it');
$open->quit;

is($backend->query("BEGIN; SELECT user_id || role FROM session_auth.authenticate('$token')"), 'aliceADMIN', 'authenticate works');
is($backend->query('SELECT session_auth.user_id()'), 'alice', 'and sets the identity');
$backend->query('COMMIT');
is($backend->query("SELECT user_id FROM session_auth.verify_session('$token')"), 'alice', 'verify_session works');
my ($status, $out, $err) = $standby->psql('postgres', q{\set VERBOSITY sqlstate
SELECT session_auth.create_session('bob')});
like($err, qr/25006/, q{issuing gets PostgreSQL's own read-only error});
# use of a session is not noted here, so it ends idle
my $seen = sub { return $_[0]->safe_psql('postgres', q{SELECT last_seen_at FROM session_auth.sessions WHERE user_id = 'idle'}) };
my $idle = replayed(q{SELECT token FROM session_auth.create_session('idle')});
replayed(q{UPDATE session_auth.sessions SET last_seen_at = now() - interval '20 minutes' WHERE user_id = 'idle'});
my $before = $seen->($standby);
$backend->query(q{SET session_auth.idle_timeout = '30min'});
is($backend->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$idle'); COMMIT"), 'idle', 'a session that is used here alone');
is($seen->($_), $before, '… is not seen, says ' . $_->name) foreach $standby, $primary;
replayed(q{UPDATE session_auth.sessions SET last_seen_at = now() - interval '40 minutes' WHERE user_id = 'idle'});
is($backend->query("SELECT count(*) FROM session_auth.verify_session('$idle')"), '0', '… and ends idle');
replayed("SELECT session_auth.expire_session('$token'::text)");
is($backend->query("SELECT count(*) FROM session_auth.verify_session('$token')"), '0', 'a session ended on the primary verifies no longer');

$backend->quit;
$standby->stop;
$primary->stop;
done_testing();
