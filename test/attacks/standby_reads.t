# Attack: on a hot standby, go on with what the primary took away, or have it written to.
# Holds: authenticate, verify_session and the policies work and write nothing, with
# touches due, a stolen token and an ended session; what is replayed is in force in a
# backend with warm caches, in an old snapshot too. test/t/standby.t has the plain way.
# Guards: src/verify/session.c, session_can_write(); src/verify/theft.c, theft_report().
# Also: test/t/failover.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "fsync = off\nsession_auth.warn_literal_tokens = off\nsession_auth.touch_interval = 0\nsession_auth.rotation_grace = 0\nmax_standby_streaming_delay = 30s\nautovacuum = off\n");
$primary->start;
add_extension($primary);
$primary->safe_psql('postgres', q{CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1); SELECT session_auth.protect_table('accounts'); GRANT SELECT ON accounts TO app});
my $token = $primary->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $old = $primary->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});
my $new = $primary->safe_psql('postgres', "SELECT token FROM session_auth.rotate_session('$old')");
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
my $app = $standby->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username', 'app' ]);

is($app->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$token'); SELECT count(*) FROM accounts; COMMIT"), "alice\n1", 'a request on a standby, with a touch due');
is($app->{stderr} // '', '', '… without a word');
is($app->query("SELECT count(*) FROM session_auth.verify_session('$new')"), '1', 'a rotated session');
is($app->query("SELECT count(*) FROM session_auth.verify_session('$old')"), '0', 'its old token, presented on the standby');
is($app->query("SELECT count(*) FROM session_auth.verify_session('$new')"), '0', '… is a theft there too');
$app->query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM session_auth.authenticate('$token')");
is($app->query('SELECT count(*) FROM accounts'), '1', 'an old snapshot on the standby');
$primary->safe_psql('postgres', q{SELECT session_auth.deny_permission('ADMIN', '*', '*')});
$primary->safe_psql('postgres', "SELECT session_auth.expire_session('$token'::text)");
$primary->wait_for_catchup($standby);
is($app->query('SELECT count(*) FROM accounts'), '0', 'a denial that is replayed counts in it');
$app->query('COMMIT');
$app->{stderr} = '';
$app->query("SELECT session_auth.authenticate('$token')");
like($app->{stderr}, qr/invalid or expired session token/, 'an ended session is refused');
$app->{stderr} = '';
$app->query('SELECT session_auth.sign_out()');
like($app->{stderr}, qr/not authenticated|read-only/, 'nothing is written');

$app->quit;
$standby->stop;
$primary->stop;
done_testing();
