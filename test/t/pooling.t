# One server connection, several clients after each other: each begins as nobody.
# Also: test/t/pgbouncer.t, test/t/pooled_clients.t, test/attacks/held_cursors.sql.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('pooling', 'max_prepared_transactions = 5');
add_extension($node);
my $alice = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $bob = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});

my $pooled = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username', 'app' ]);
my $who = q{SELECT coalesce(session_auth.user_id(), 'nobody')};

# Each ends a transaction in another way; the client after it must be nobody.
my %ends = (
	'COMMIT' => 'COMMIT',
	'ROLLBACK' => 'ROLLBACK',
	'an error, then ROLLBACK' => 'SELECT 1 / 0; ROLLBACK',
	'an error, then COMMIT' => 'SELECT 1 / 0; COMMIT',
	'a failed COMMIT of a deferred constraint' => 'INSERT INTO deferred VALUES (1), (1); COMMIT',
	'COMMIT AND CHAIN' => 'COMMIT AND CHAIN; COMMIT',
	'a released savepoint, then COMMIT' => 'SAVEPOINT s; RELEASE s; COMMIT');
$pooled->query('CREATE TEMP TABLE deferred (x int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
foreach my $end (sort keys %ends)
{
	is($pooled->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$alice')"), 'alice', "a client authenticates, then $end");
	$pooled->query($ends{$end});
	$pooled->{stderr} = '';
	is($pooled->query($who), 'nobody', "after $end the next client is nobody");
}

is($pooled->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$bob')"), 'bob', 'the next client is who it says');
is($pooled->query("SELECT session_auth.has_permission('view', 'accounts')"), 'f', '… with its own permissions');
$pooled->query('COMMIT');

$pooled->query("SELECT session_auth.authenticate('$alice', 'connection')");
is($pooled->query($who), 'alice', 'scope connection stays, as it says');
is($pooled->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$bob')"), 'bob', q{a transaction's identity goes before it});
$pooled->query('COMMIT');
$pooled->query('DISCARD ALL');
is($pooled->query($who), 'nobody', 'DISCARD ALL ends it');
$pooled->query("SELECT session_auth.authenticate('$alice', 'connection')");
$node->safe_psql('postgres', "SELECT session_auth.expire_session('$alice'::text)");
is($pooled->query($who), 'nobody', 'a session ended by another connection ends scope connection');
$pooled->quit;

# A held cursor of one client, and the next: its rows are stored, and in nobody's way
my $held = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username', 'app' ]);
$held->query("BEGIN; SELECT session_auth.authenticate('$bob'); DECLARE kept CURSOR WITH HOLD FOR $who; COMMIT");
is($held->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$bob', tenant => 'other')"), 'bob', 'a held cursor of an earlier client keeps nobody out');
is($held->query('FETCH kept'), 'bob', '… its row is that of who stored it');
$held->query('COMMIT');
is($held->query($who), 'nobody', '… and brings no identity with it');
is($held->query("SELECT count(*) FROM session_auth.authenticate('$bob', 'connection')"), '1', '… nor keeps out one of scope connection');
$held->quit;

# PREPARE TRANSACTION
my $alice2 = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $two_phase = $node->background_psql('postgres', on_error_stop => 0);
$two_phase->query("CREATE TABLE seen (who text); BEGIN; SELECT session_auth.authenticate('$alice2'); INSERT INTO seen SELECT session_auth.user_id()");
$two_phase->query(q{PREPARE TRANSACTION 'p'});
is($two_phase->query($who), 'nobody', 'PREPARE TRANSACTION ends the identity');
$two_phase->query(q{COMMIT PREPARED 'p'});
is($two_phase->query($who), 'nobody', 'COMMIT PREPARED brings none back');
is($two_phase->query('SELECT who FROM seen'), 'alice', 'what was prepared was done');
$two_phase->quit;

$node->stop;
done_testing();
