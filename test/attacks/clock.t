# Attack, or accident: the server's clock is set back, and what has expired would live
# again: a session, a signed token, a grace window, an identity in force.
# Holds: expiry counts against the latest time that the backend has seen. The clock is
# one that this test's own library puts in the place of gettimeofday.
# Guards: src/base/clock.h, clock_never_back().
# Also: test/pgtap/lifetimes.sql.
use strict;
use warnings;
use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $dir = Cwd::abs_path(PostgreSQL::Test::Utils::tempdir());
append_to_file("$dir/clock.c", <<'C');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
/* Seconds to add are in the file that TEST_CLOCK names. */
int gettimeofday(struct timeval *tv, void *tz)
{
	static int (*real)(struct timeval *, void *);
	FILE *file = fopen(getenv("TEST_CLOCK"), "r");
	long offset = 0;
	if (!real)
		real = (int (*)(struct timeval *, void *)) dlsym(RTLD_NEXT, "gettimeofday");
	if (file) { if (fscanf(file, "%ld", &offset) != 1) offset = 0; fclose(file); }
	int result = real(tv, tz);
	tv->tv_sec += offset;
	return result;
}
C
my $built = system('cc', '-shared', '-fPIC', '-o', "$dir/clock.so", "$dir/clock.c", '-ldl') == 0;
plan skip_all => 'no compiler for the clock' unless $built;

$ENV{TEST_CLOCK} = "$dir/offset";
sub clock_at
{
	my ($seconds) = @_;
	open(my $file, '>', "$dir/next") or die;
	print $file "$seconds\n";
	close $file;
	rename "$dir/next", "$dir/offset" or die;
	return;
}
clock_at(0);
my $node = PostgreSQL::Test::Cluster->new('clock');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
{
	local $ENV{LD_PRELOAD} = "$dir/clock.so";
	$node->start;
}
add_extension($node);
my $before = $node->safe_psql('postgres', 'SELECT extract(epoch FROM clock_timestamp())::bigint');
clock_at(1000);
my $after = $node->safe_psql('postgres', 'SELECT extract(epoch FROM clock_timestamp())::bigint');
if ($after - $before < 900)
{
	$node->stop;
	plan skip_all => 'the server does not take the clock from the test';
}
clock_at(0);
$node->safe_psql('postgres', q{SELECT session_auth.add_key('k', 'HS256', repeat('k', 40))});
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice', '10 minutes')});
my $jwt = $node->safe_psql('postgres', q{SELECT session_auth.issue_token('alice', '10 minutes')});
my $rotated = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('carol')});
my $new = $node->safe_psql('postgres', "SELECT token FROM session_auth.rotate_session('$rotated')");
my $backend = $node->background_psql('postgres', on_error_stop => 0);
my $opens = sub { return $backend->query("SELECT count(*) FROM session_auth.verify_session('$_[0]')") };

is($opens->($token) . $opens->($jwt) . $opens->($rotated), '111', 'at first all of them open something');
is($backend->query("SELECT FROM session_auth.authenticate('$token', 'connection'); SELECT session_auth.user_id()") =~ s/\s//gr, 'alice', 'and one is in force');
clock_at(700);
is($backend->query(q{SELECT coalesce(session_auth.user_id(), 'nobody')}), 'nobody', 'twelve minutes later the identity has expired');
is($opens->($token) . $opens->($jwt), '00', 'and the tokens');
clock_at(0);
is($backend->query(q{SELECT coalesce(session_auth.user_id(), 'nobody')}), 'nobody', 'the clock is set back: the identity stays expired');
is($opens->($token), '0', 'the session too');
is($opens->($jwt), '0', 'and the signed token');
is($opens->($rotated), '0', 'a grace window does not open again');
is($opens->($new), '0', '… but its late use has ended the session');
is($backend->query(q{SELECT count(*) FROM session_auth.verify_session((session_auth.create_session('dora', '1 minute')).token)}), '1', 'new sessions work meanwhile');
is($backend->query('BEGIN; SELECT session_auth.is_authenticated(); COMMIT'), 'f', 'transactions too');

$backend->quit;
$node->stop;
done_testing();
