# What loading the library does: the settings it adds, and what session_preload_libraries brings to a
# login: the descriptions of the tables that a first
# request needs (src/catalog/warm_up.c). A login neither fails nor waits for it.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('preloading');
my $described = q{SELECT string_agg(ident, ' ' ORDER BY ident) FROM pg_backend_memory_contexts
	WHERE name = 'index info' AND ident ~ '^(sessions|user_roles|role_parents|permission)'};
my $needed = join(' ', qw(permission_changes_xid_idx permissions_pkey role_parents_pkey sessions_expires_at_idx
	sessions_pkey sessions_token_key_key sessions_user_id_idx user_roles_user_id_hash));

sub logs_in { return $node->safe_psql('postgres', $_[0], extra_params => [ '-U', 'preloads' ], timeout => 60) }

$node->safe_psql('postgres', q{CREATE ROLE preloads SUPERUSER LOGIN;
	ALTER ROLE preloads SET session_preload_libraries = 'session_auth'});
is(logs_in('SELECT 1'), 1, 'a database without the extension takes the login');
add_extension($node);
is($node->safe_psql('postgres', $described), '', 'a login that loads nothing knows no table');

is(logs_in($described), $needed, 'one that loads the library knows those that a request needs');

# src/base/settings_batch.c: settings of this library are added to PostgreSQL's while others stand aside.
my $settings = q{SELECT string_agg(name || '=' || current_setting(name), ' ' ORDER BY lower(name) COLLATE "C") FROM pg_settings
	WHERE name !~ '^session_auth'};
my $before = $node->safe_psql('postgres', $settings);
my $ours = q{SELECT count(*), count(*) FILTER (WHERE current_setting(name) = current_setting(name, true)) FROM pg_settings
	WHERE name ~ '^session_auth[.]'};
my $named = q{SELECT current_setting('session_auth.touch_interval'), current_setting('session_auth.clock_skew')};
my $order = q{SELECT count(*) > 300 AND array_agg(name) = array_agg(name ORDER BY lower(name) COLLATE "C") FROM pg_show_all_settings()};
is($node->safe_psql('postgres', "LOAD 'session_auth'; $settings"), $before, 'loading the library leaves all other settings as they were');
my $counted = $node->safe_psql('postgres', "LOAD 'session_auth'; $ours");
like($counted, qr/^(\d\d)\|\1$/, 'each of its own is found');
is($node->safe_psql('postgres', "LOAD 'session_auth'; $order"), 't', 'all are in order');
$node->safe_psql('postgres', q{ALTER ROLE preloads SET session_auth.touch_interval = '7s';
	ALTER ROLE preloads SET session_auth.no_such_setting = 'x'; ALTER ROLE preloads SET session_zzz.other = 'y'});
is(logs_in("$named; $order; SELECT current_setting('session_zzz.other')"), "7s|15s\nt\ny", 'what a role has set of them before is kept');
# Anybody may name a setting in another alphabet; PostgreSQL has such a name before all others where a char is signed.
foreach my $name ('é.x', 'session_authé.x', 'session_auth.é')
{
	local $ENV{PGOPTIONS} = "-c $name=1";
	is(logs_in("$named; SELECT current_setting('application_name') <> ''; $ours"), "7s|15s\nt\n$counted", "… also beside $name");
}
$node->safe_psql('postgres', 'ALTER ROLE preloads RESET ALL');
$node->safe_psql('postgres', q{ALTER ROLE preloads SET session_preload_libraries = 'session_auth'});

my $locker = $node->background_psql('postgres');
$locker->query_safe('BEGIN; LOCK TABLE session_auth.sessions IN ACCESS EXCLUSIVE MODE');
is(logs_in('SELECT 1'), 1, 'a table that is locked keeps nobody waiting');
$locker->query_safe('ROLLBACK');
$locker->quit;

$node->safe_psql('postgres', 'DROP EXTENSION session_auth; CREATE SCHEMA session_auth; CREATE VIEW session_auth.sessions AS SELECT 1');
is(logs_in('SELECT 1'), 1, 'something else of that name keeps nobody out');

done_testing();
