# Sessions and permissions outlive a restart and a crash; identities do not, nor does what
# synchronous_commit = off answers too early.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('restart', 'restart_after_crash = on', 'autovacuum = off');
add_extension($node);
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $check = "SELECT user_id || role FROM session_auth.verify_session('$token')";
my $rotated = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});
my $fresh = $node->safe_psql('postgres', "SELECT token FROM session_auth.rotate_session('$rotated')");

foreach my $how ('fast', 'immediate')
{
	$node->stop($how);
	$node->start;
	is($node->safe_psql('postgres', $check), 'aliceADMIN', "a session outlives a restart ($how)");
	is($node->safe_psql('postgres', q{SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')}), 't', "so do permissions ($how)");
	is($node->safe_psql('postgres', q{SELECT session_auth.is_authenticated()}), 'f', "no identity does ($how)");
	is($node->safe_psql('postgres', "SELECT count(*) FROM session_auth.verify_session('$fresh')"), '1', "a rotated session is what it was ($how)");
}

# What is answered before it is on disk, as synchronous_commit = off allows, is undone by a
# crash. The process that would write it within the next instants is held up.
my $ending = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('carol')});
my $writer = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'});
kill 'STOP', $writer;
is($node->safe_psql('postgres', "SET synchronous_commit = off; SELECT session_auth.expire_session('$ending'::text); SELECT count(*) FROM session_auth.verify_session('$ending')"), "t\n0", 'a session ends');
crash($node, $writer);
is($node->safe_psql('postgres', "SELECT count(*) FROM session_auth.verify_session('$ending')"), '1', 'with synchronous_commit = off a crash undoes that');

# The library may be preloaded, too.
$node->append_conf('postgresql.conf', q{shared_preload_libraries = 'session_auth'});
$node->restart;
is($node->safe_psql('postgres', $check), 'aliceADMIN', 'preloaded: a session verifies');
is($node->safe_psql('postgres', "BEGIN; SELECT user_id FROM session_auth.authenticate('$token'); COMMIT; SELECT session_auth.is_authenticated()"), "alice\nf", 'preloaded: identities come and go');

$node->stop;
done_testing();
