# One million calls of each hot function leave a backend's memory where it was:
# less than 2 MB more, by PostgreSQL's count and by the kernel's.
# Also: test/pgtap/caches.sql, test/attacks/memory.sql.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $calls = $ENV{SESSION_AUTH_CALLS} // 1_000_000;
my $mb = 1024 * 1024;

my $node = new_server('memory', 'jit = off', 'max_parallel_workers_per_gather = 0');
add_extension($node);
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $psql = $node->background_psql('postgres');
my $pid = $psql->query_safe('SELECT pg_backend_pid()');

sub resident
{
	return 0 unless -r "/proc/$pid/status";
	my ($kb) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;
	return ($kb // 0) * 1024;
}

sub contexts
{
	return $psql->query_safe('SELECT sum(total_bytes) FROM pg_backend_memory_contexts');
}

# One statement in a loop, so that what each statement allocates counts too.
# $1 is the loop's counter.
sub measure
{
	my ($name, $expression, $times, $limit) = (@_, 2 * $mb);
	my $block = sub { return "DO \$\$ BEGIN FOR i IN 1..$_[0] LOOP PERFORM $expression; END LOOP; END \$\$" };
	$psql->query_safe("BEGIN; SELECT FROM session_auth.authenticate('$token')");
	$psql->query_safe($block->(2000));
	contexts();
	my ($contexts, $resident) = (contexts(), resident());
	$psql->query_safe($block->($times));
	my ($more_contexts, $more_resident) = (contexts() - $contexts, resident() - $resident);
	$psql->query_safe('COMMIT');
	cmp_ok($more_contexts, '<', $limit, "$name: $times calls, memory contexts grew by $more_contexts bytes");
	cmp_ok($more_resident, '<', $limit, "$name: $times calls, the process grew by $more_resident bytes");
	return;
}

measure('has_permission(role, …)', q{session_auth.has_permission('ADMIN', 'view', 'accounts')}, $calls);
measure('has_permission(…)', q{session_auth.has_permission('view', 'accounts')}, $calls);
measure('has_permission of ever new things', q{session_auth.has_permission('ADMIN', 'view', 'thing' || i)}, $calls);
measure('has_role', q{session_auth.has_role('ADMIN')}, $calls);
measure('user_id', q{session_auth.user_id()}, $calls);
measure('roles', q{session_auth.roles()}, $calls);
measure('claims', q{session_auth.claims()}, $calls);
measure('require_permission', q{session_auth.require_permission('view', 'accounts')}, $calls);
measure('verify_session', qq{session_auth.verify_session('$token')}, $calls);
measure('verify_session of ever new tokens', q{session_auth.verify_session('sat_' || lpad(i::text, 43, 'A'))}, $calls);
# Each authenticate in one transaction is a new value of a setting.
measure('authenticate', qq{session_auth.authenticate('$token')}, $calls);

# The cache's memory is bounded, however many roles are asked for: made up ones
# first, then real ones.
measure('has_permission of ever new roles', q{session_auth.has_permission('ROLE' || i, 'view', 'accounts')}, $calls, 160 * $mb);
$psql->query_safe(q{DO $$ BEGIN FOR i IN 1..20000 LOOP PERFORM session_auth.create_role('R' || i); PERFORM session_auth.grant_permission('R' || i, 'view', 'thing:' || i); END LOOP; END $$});
my $before = contexts();
is($psql->query_safe(q{SELECT count(*) FROM generate_series(1, 20000) i WHERE session_auth.has_permission('R' || i, 'view', 'thing:' || i)}), '20000', 'twenty thousand roles are all answered for');
cmp_ok(contexts() - $before, '<', 160 * $mb, 'and the cache stays bounded');

$psql->quit;
$node->stop;
done_testing();
