# A few seconds of test/soak: many clients, through a pooler and directly, that
# mix all functions while permissions change and sessions end. No error that is
# not expected, nobody mixed up with anybody, no memory that grows.
# test/soak/run runs it for longer, and says what it cost.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use FindBin;
use JSON::PP;
use List::Util qw(sum0);
use Time::HiRes qw(usleep);
use SessionAuth;

use constant PROCESSES => 2;

my $python = '/usr/bin/python3';
plan skip_all => 'pgbouncer is not installed' unless find_pgbouncer();
plan skip_all => 'psycopg is not installed' if system("$python -c 'import psycopg' 2>/dev/null") != 0;

my $seconds = $ENV{SESSION_AUTH_SOAK} // 2;
my $clients = $ENV{SESSION_AUTH_SOAK_CLIENTS} // 64;
my $seed = $ENV{SESSION_AUTH_SEED} // int(rand(1 << 30));
my $long = $seconds >= 60;

my $node = new_server('soak', 'jit = off', 'max_parallel_workers_per_gather = 0', 'max_connections = 120', 'max_worker_processes = 32',
	'autovacuum_naptime = 5s', 'session_auth.rotation_grace = 2', 'session_auth.touch_interval = 1', 'session_auth.max_sessions_per_user = 20');
add_extension($node);
$node->safe_psql('postgres', qq{
	CREATE ROLE soak LOGIN IN ROLE pg_read_all_stats;
	SELECT session_auth.grant_usage('soak', u) FROM unnest('{request,issuer,admin}'::text[]) u;
	SELECT session_auth.create_role('P');
	SELECT session_auth.grant_permission('P', 'do', 'it');
	SELECT session_auth.add_key('shared', 'HS256', repeat('soak', 8), 'https://soak', role_claim => 'role');
	SELECT session_auth.import_permissions(jsonb_object_agg('R' || n, '["view:items","create:items","edit:items","delete:items"]'::jsonb))
		FROM generate_series(0, $clients - 1) n;
	SELECT count(session_auth.grant_role(format('u%s-%s', n, k), 'R' || n)) FROM generate_series(0, $clients - 1) n, generate_series(0, 2) k;
	CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL);
	CREATE INDEX ON items (owner);
	INSERT INTO items (owner) SELECT format('u%s-%s', n, k) FROM generate_series(0, $clients - 1) n, generate_series(0, 2) k, generate_series(0, k);
	SELECT session_auth.protect_table('items', owner_column => 'owner');
	GRANT SELECT, INSERT, UPDATE, DELETE ON items TO soak;
});

my ($pooled, $pooler) = start_pgbouncer($node, 'soak', 'pool_size=' . int($clients / 4));
my ($out, $err) = run_command([ $python, "$FindBin::Bin/../soak/soak.py", $seconds, $clients, PROCESSES, $seed,
	$node->connstr('postgres') . ' user=soak', $pooled ]);
kill 'INT', $pooler;
my $done = eval { decode_json($out) } // {};
is($done->{seed}, $seed, 'the soak went through') or diag($err);

sub none
{
	my ($list, $name) = @_;
	is(scalar @{ $list // [] }, 0, $name) or diag(join("\n", "seed $seed", (grep { defined } @$list[0 .. 9])));
	return;
}
none($done->{unexpected}, 'no error that is not expected');
none($done->{anomalies}, 'nobody was mixed up, and every change was seen by the next statement');
cmp_ok($done->{counts}{transactions}, '>', $clients, "$done->{counts}{transactions} things were done");

# at the start, and after each third of the time; growth is that of the backends
# that were there at both times
my ($start, $first, $second, $end) = @{ $done->{memory} };
cmp_ok(scalar(keys %$end), '>', $clients / 4, scalar(keys %$end) . ' backends were sampled');
foreach my $what ([ 1, 'memory contexts' ], [ 2, 'private memory of the process' ])
{
	my ($column, $name) = @$what;
	my $kb = sub { my ($at) = @_; my @all = sort { $a <=> $b } map { $_->[$column] } values %$at; return "$all[@all / 2] kB (at most $all[-1])" };
	my $growth = sub {
		my ($from, $to) = @_;
		my @both = grep { $from->{$_} } keys %$to;
		return int(sum0(map { $to->{$_}[$column] - $from->{$_}[$column] } @both) / (@both || 1));
	};
	my @growth = ($growth->($first, $second), $growth->($second, $end));
	my $text = "$name: " . $kb->($start) . ' when connected, ' . $kb->($first) . ' after a third of the time, ' . $kb->($second) . ' after two, ' . $kb->($end)
		. " at the end; $growth[0] kB and $growth[1] kB more on average in the last two thirds";
	if ($long)
	{
		cmp_ok($growth[1], '<', 2048, $text);
	}
	else
	{
		note($text);
	}
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'}), '0', 'nobody waits any more');
unlike(slurp_file($node->logfile), qr/PANIC|server process .* was terminated|corrupt/, 'nothing broke in the server');
if ($long)
{
	my %expected = %{ $done->{expected} };
	diag("$seconds s, $clients clients, seed $seed");
	diag(join(', ', map { "$_ $done->{counts}{$_}" } sort keys %{ $done->{counts} }));
	diag('refused as expected: ' . join(', ', map { "$_: $expected{$_}" } sort keys %expected));
}

# What the soak is too short to meet: two that end all sessions of a user, while
# another refreshes one of them, come by them in another order.
$node->safe_psql('postgres', 'CREATE DATABASE calm');
$node->safe_psql('calm', 'CREATE EXTENSION session_auth');
my %session = map { ($_ => [ split /\|/, $node->safe_psql('calm', q{SELECT session_id, token FROM session_auth.create_session('many')}) ]) } 'a', 'c', 'b';
my ($x, $y, @ends) = map { $node->background_psql('calm', on_error_stop => 0) } 1 .. 4;
my %pid = map { ($_ => $_->query_safe('SELECT pg_backend_pid()')) } $x, $y, @ends;
my $end_all = sub { $_[0]->query_until(qr/started/, "\\echo started\nSELECT session_auth.expire_user_sessions('many');\n") };
# in whatever order it comes by them, nothing here waits for long
my $blocked = sub {
	my ($who) = @_;
	foreach (1 .. 10)
	{
		last if $node->safe_psql('calm', "SELECT cardinality(pg_blocking_pids($pid{$who})) > 0") eq 't';
		usleep(100_000);
	}
};
$_->query_safe("SET lock_timeout = '300ms'") foreach $x, $y;
$x->query("BEGIN; SELECT session_auth.refresh_session('$session{a}[1]')");
$end_all->($ends[0]);
$blocked->($ends[0]);
$y->query("SELECT session_auth.refresh_session('$session{c}[1]')");
$y->query("BEGIN; SELECT FROM session_auth.sessions WHERE session_id = '$session{c}[0]' FOR UPDATE");
$x->query('COMMIT');
$blocked->($ends[0]);
$end_all->($ends[1]);
$blocked->($ends[1]);
$y->query('COMMIT');
my $said = join('', map { $_->query('SELECT 1'); $_->{stderr} } @ends);
unlike($said, qr/deadlock/, 'two that end all sessions of a user do not deadlock');
is($node->safe_psql('calm', q{SELECT count(*) FROM session_auth.list_sessions('many')}), '0', 'and they have ended them');
$_->quit foreach $x, $y, @ends;

$node->stop;
done_testing();
