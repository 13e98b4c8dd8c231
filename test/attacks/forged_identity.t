# Attack: an identity by SET, set_config, PGOPTIONS, ALTER ROLE or DATABASE, FROM
# CURRENT, a function's SET clause, a catalogue, a file, a placeholder from before
# the library is loaded, or a parallel worker, also by a superuser. The value is
# one that the library itself would write, so that only the guard is in its way.
# Holds: no identity comes of it. Guards: src/identity/identity.c, identity_check_hook().
# Also: test/pgtap/forging.sql, test/t/forging.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('forged_identity', 'max_parallel_workers_per_gather = 2', 'min_parallel_table_scan_size = 0',
	'parallel_setup_cost = 0', 'parallel_tuple_cost = 0');
add_extension($node);
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my $bob = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});
$node->safe_psql('postgres', q{
	CREATE TABLE big AS SELECT i FROM generate_series(1, 2000) i;
	ALTER TABLE big SET (parallel_workers = 2);
	GRANT SELECT ON big TO app;
	CREATE FUNCTION who() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE
		AS $$ BEGIN RETURN coalesce(session_auth.user_id(), 'nobody'); END $$;
	CREATE FUNCTION lies(t text) RETURNS text LANGUAGE plpgsql PARALLEL RESTRICTED
		AS $$ BEGIN RETURN (session_auth.authenticate(t)).user_id; END $$;
});

# The text of an identity, written as src/identity/identity_text.c writes it now.
my $number = qr/(?:TimestampTz|uint64|pg_uuid_t|IdentityScope|int32|bool)/;
my ($struct) = slurp_file('src/identity/identity.h') =~ /^typedef struct Identity\n(.*?)^\}/ms;
is(join(' ', $struct =~ /^\s+$number (\w+);/mg), 'expires_at issued_at checked_in checked_number session_id scope nroles has_session narrowed',
	'the numbers of an identity are those that are forged');
is(join(' ', slurp_file('src/identity/identity_chunk.c') =~ /^\tstrings\[\d\] = &identity->(\w+);/mg), 'kind user_id tenant actor claims origin narrowing',
	'and so are the strings');
my ($format) = slurp_file('src/identity/identity_text.c') =~ /^#define FORMAT '(.)'$/m;
sub letters { return join '', map { chr(ord('a') + ($_ & 15)) . chr(ord('a') + ($_ >> 4)) } unpack 'C*', $_[0] }
sub forged
{
	my ($scope) = @_;
	return $format . letters(pack 'q q q Q a16 l l C C', ~0 >> 4, 0, 0, 0, '', $scope, 1, 0, 0)
	  . join '', map { letters(pack 'L', defined $_ ? length : 0xffffffff) . ($_ // '') } 'opaque', 'alice', undef, undef, undef, undef, undef, 'ADMIN';
}

# Who somebody is after these statements, and whether alice's permission came along.
sub who
{
	my ($user, $statements, %more) = @_;
	local $ENV{PGOPTIONS} = $more{options} // '';
	my ($out, $err) = ('', '');
	my $ask = $more{ask} // q{who() || session_auth.has_permission('view', 'accounts')::text || coalesce(session_auth.role(), '-')};
	$node->psql('postgres', "$statements; SELECT 'I am ' || $ask;", stdout => \$out, stderr => \$err,
		extra_params => [ '--username', $user ], on_error_stop => 0);
	return $out =~ /.*^I am (.*)$/ms ? $1 : "no answer: $err";
}

my $loaded = 'SELECT session_auth.is_authenticated()';
foreach my $user ('app', $superuser)
{
	my ($t, $c) = (forged(0), forged(1));
	my %routes = (
		'SET' => "SET session_auth.identity = '$c'",
		'SET LOCAL' => "BEGIN; DO \$\$ BEGIN SET LOCAL session_auth.identity = '$t'; EXCEPTION WHEN OTHERS THEN NULL; END \$\$",
		'set_config' => "SELECT set_config('session_auth.identity', '$c', false)",
		'set_config, local' => "BEGIN; DO \$\$ BEGIN PERFORM set_config('Session_Auth.IDENTITY', '$t', true); EXCEPTION WHEN OTHERS THEN NULL; END \$\$",
		'savepoints' => "BEGIN; SAVEPOINT s; SET session_auth.identity = '$t'; ROLLBACK TO s; RELEASE s",
		'LOAD' => "SET session_auth.identity = '$c'; LOAD 'session_auth'");
	foreach my $route (sort keys %routes)
	{
		is(who($user, $routes{$route}), 'nobodyfalse-', "$user, before the library is loaded: $route");
		is(who($user, "$loaded; $routes{$route}"), 'nobodyfalse-', "$user, after: $route");
	}
	unlike(who($user, 'SELECT 1', options => "-c session_auth.identity=$c"), qr/alice|true|ADMIN/, "$user: PGOPTIONS");
	my $v = $t;
	unlike(who($user, "CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql SET session_auth.identity = '$v' AS 'SELECT who()'", ask => 'pg_temp.f()'), qr/alice/, "$user: a function's SET clause");
	unlike(who($user, "SET session_auth.identity = '$v'; CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql SET session_auth.identity FROM CURRENT AS 'SELECT who()'", ask => 'pg_temp.f()'), qr/alice/, "$user: FROM CURRENT of a placeholder");
	# the leader never loads the library, only its workers do
	is(who($user, "SET session_auth.identity = '$v'; SET parallel_leader_participation = off", ask => '(SELECT string_agg(DISTINCT w, \',\') FROM (SELECT who() w FROM big OFFSET 0) b)'), 'nobody', "$user: a placeholder that is handed to parallel workers");
	is(who($user, "BEGIN; SELECT FROM session_auth.authenticate('$bob'); SAVEPOINT s; SET session_auth.identity = '$v'; ROLLBACK TO s"), 'bobfalseUSER', "$user: over the identity in force");
	is(who($user, "BEGIN; SELECT FROM session_auth.authenticate('$bob'); RESET session_auth.identity"), 'nobodyfalse-', "$user: RESET only takes away") if $user ne 'app';
}

# Whatever fails inside authenticate, the guard is back after it.
my $forced = $node->safe_psql('postgres', q{SELECT CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END});
is(who($superuser, "SET $forced = on; SELECT lies('$bob') FROM big; SET session_auth.identity = '" . forged(0) . q{'}), 'nobodyfalse-', 'after authenticate has failed in a parallel operation');
is(who($superuser, "SELECT session_auth.authenticate('$bob', 'forever'); SELECT session_auth.authenticate('x'); SET session_auth.identity = '" . forged(0) . q{'}), 'nobodyfalse-', 'after authenticate has refused');

# Kept where no library says what it is, or written into the catalogue.
my $v = forged(1);
foreach my $keep ("ALTER ROLE app SET session_auth.identity = '$v'", "ALTER DATABASE postgres SET session_auth.identity = '$v'",
	"ALTER ROLE app IN DATABASE postgres SET session_auth.identity = '$v'", "ALTER ROLE ALL SET session_auth.identity = '$v'",
	"SET session_auth.identity = '$v'; ALTER ROLE app SET session_auth.identity FROM CURRENT",
	"INSERT INTO pg_db_role_setting VALUES (0, 'app'::regrole, ARRAY['session_auth.identity=$v'])")
{
	foreach my $preload ('', 'session_auth')
	{
		$node->safe_psql('template1', $keep);
		$node->safe_psql('template1', "ALTER ROLE app SET session_preload_libraries = '$preload'") if $preload;
		unlike(who('app', 'SELECT 1'), qr/alice|true|ADMIN/, ($keep =~ s/$v/…/r) . ($preload && ', preloaded'));
		unlike(who('app', 'RESET ALL; DISCARD ALL'), qr/alice|true|ADMIN/, '… and RESET brings nothing back');
		$node->safe_psql('template1', 'DELETE FROM pg_db_role_setting');
	}
}

# As the server's own, from a file and from its command line.
$node->psql('template1', "ALTER SYSTEM SET session_auth.identity = '$v'", on_error_stop => 0);
$node->append_conf('postgresql.conf', "session_auth.identity = '$v'");
$node->reload;
is(who('app', 'SELECT 1'), 'nobodyfalse-', 'a file of the server');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'session_auth'");
$node->restart(fail_ok => 1);
is(who('app', 'SELECT 1'), 'nobodyfalse-', '… with the library preloaded');

$node->stop;
done_testing();
