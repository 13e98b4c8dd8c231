# The extension is dropped and made anew while another connection has its
# library loaded, its cache filled and an identity in force: no crash, and what
# the cache knew of the old tables is forgotten.
# Also: test/attacks/drop_in_use.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('drop');
add_extension($node);
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $other = $node->background_psql('postgres', on_error_stop => 0);
my $has = q{SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')};

is($other->query($has), 't', 'a cache is filled');
$other->query("SELECT FROM session_auth.authenticate('$token', 'connection')");
is($other->query('SELECT session_auth.user_id()'), 'alice', 'an identity is in force');

$node->safe_psql('postgres', 'DROP EXTENSION session_auth');
is($other->query($has), '', 'without the extension: an error');
$node->safe_psql('postgres', 'CREATE EXTENSION session_auth');
is($other->query($has), 'f', 'a new extension knows no permission');
is($other->query(q{SELECT coalesce(session_auth.user_id(), 'nobody')}), 'nobody', 'nor the session');
$node->safe_psql('postgres', q{SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}')});
is($other->query($has), 't', 'what it learns is seen');
$node->safe_psql('postgres', q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts')});
is($other->query($has), 'f', 'and what it forgets');

$node->safe_psql('postgres', 'VACUUM FULL session_auth.permissions; REINDEX TABLE session_auth.permissions');
$node->safe_psql('postgres', q{SELECT session_auth.grant_permission('ADMIN', 'view', 'accounts')});
is($other->query($has), 't', 'a rewritten table is found again');

is($other->query("BEGIN; $has; DROP EXTENSION session_auth; ROLLBACK; $has"), "t\nt", 'a dropped extension that comes back by ROLLBACK');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_stat_activity WHERE backend_type = \'client backend\' AND pid <> pg_backend_pid()'), '1', 'the connection lived through it all');

$other->quit;
$node->stop;
done_testing();
