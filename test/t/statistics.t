# session_auth.statistics and active_identities: counters in shared memory, by database,
# that outlive backends; whose identity each backend has, as long as it has it; and both
# without shared_preload_libraries.
# Also: test/pgtap/usages.sql.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('statistics', "shared_preload_libraries = 'session_auth'", 'session_auth.purge_interval = 0', 'session_auth.statistics_databases = 2', 'max_prepared_transactions = 5', 'restart_after_crash = on');
add_extension($node);
$node->safe_psql('postgres', q{
	CREATE ROLE exporter LOGIN; SELECT session_auth.grant_usage('exporter', 'monitor');
	CREATE TABLE accounts (id int); INSERT INTO accounts SELECT generate_series(1, 10000); SELECT session_auth.protect_table('accounts'); GRANT SELECT, UPDATE, DELETE ON accounts TO app;
	CREATE TABLE parts (id int) PARTITION BY RANGE (id); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10); CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
	SELECT session_auth.protect_table('parts'); GRANT SELECT ON parts TO app});
sub ask { my ($sql, $user, $database) = @_; return $node->safe_psql($database // 'postgres', $sql, extra_params => [ '--username', $user // 'postgres' ]) }
sub counted { my ($columns) = @_; return ask("SELECT $columns FROM session_auth.statistics", 'exporter') }
my %token = map { $_ => ask("SELECT token FROM session_auth.create_session('$_')") } 'alice', 'bob';

# --- what is counted, and once

is(counted('live_sessions, ended_sessions, purgeable_sessions, created, verified, refused, refused_by_reason, denied, last_purge'), '2|0|0|2|0|0|{}|0|', 'two sessions were created, by backends that have ended');
ask("SELECT session_auth.authenticate('$token{alice}')", 'app');
ask("SELECT count(*) FROM session_auth.verify_session('$token{alice}')", 'app');
is(counted('verified, refused'), '2|0', 'tokens that are accepted');
$node->psql('postgres', "SELECT session_auth.authenticate('x')", extra_params => [ '--username', 'app' ]);
my $unknown = 'sat_' . 'Q' x 43;
ask("SELECT count(*) FROM session_auth.verify_session('$unknown')", 'app') for 1 .. 3;
ask("SELECT session_auth.authenticate(NULL, on_refused => 'nobody')", 'app');
is(counted('verified, refused, refused_by_reason'), '2|4|{"no_session": 3, "unknown_form": 1}', 'tokens that are refused, and why; a missing one is not');
$node->psql('postgres', "BEGIN; SELECT session_auth.authenticate('$token{bob}'); SELECT session_auth.require_permission('view', 'accounts')", extra_params => [ '--username', 'app' ]);
is(counted('denied'), '1', 'a denial of require_permission');
ask("BEGIN; SELECT session_auth.authenticate('$token{bob}'); SELECT count(*) FROM accounts", 'app');
is(counted('denied'), '2', '… a query that policies left nothing of a table');
ask("BEGIN; SELECT session_auth.authenticate('$token{bob}'); SELECT count(*) FROM accounts a JOIN accounts b USING (id) JOIN parts USING (id)", 'app');
is(counted('denied <= 4'), 't', '… once for each table');
my $before = counted('denied');
ask("BEGIN; SELECT session_auth.authenticate('$token{bob}'); SELECT count(*) FROM parts", 'app');
is(counted("denied - $before"), '1', '… and partitions are the table');
$before = counted('denied');
ask("BEGIN; SELECT session_auth.authenticate('$token{alice}'); SELECT count(*) FROM accounts", 'app');
ask('SELECT count(*) FROM accounts WHERE (SELECT false)');
is(counted("denied - $before"), '0', '… and what is permitted, or bypasses policies, is none');
is(counted('cache_fills > 0'), 't', 'readings of permissions');
my $reader = $node->background_psql('postgres');
$reader->query_safe(q{SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')});
is(counted('cache_bytes > 1000'), 't', 'the memory of a cache');
$reader->quit;
is(counted('cache_bytes'), '0', '… which ends with the backend');
ask(q{UPDATE session_auth.sessions SET expires_at = now() WHERE user_id = 'bob'});
is(counted('live_sessions, ended_sessions, purgeable_sessions'), '1|1|1', 'what has ended');
ask(q{CALL session_auth.purge()});
is(counted(q{live_sessions, ended_sessions, purgeable_sessions, last_purge > now() - interval '1 minute'}), '1|0|0|t', '… and is purged');
ask(q{ALTER DATABASE postgres SET session_auth.idle_timeout = '1d'; UPDATE session_auth.sessions SET last_seen_at = now() - interval '2 days', expires_at = now() + interval '1 day'});
is(counted('live_sessions, ended_sessions, purgeable_sessions'), '0|1|1', 'what was idle for too long has ended');
ask(q{ALTER DATABASE postgres RESET session_auth.idle_timeout});
ask(q{SELECT session_auth.add_cookie_secret('better-auth', 'a secret of better-auth'); UPDATE session_auth.sessions SET last_seen_at = now(), expires_at = now()});
is(counted('live_sessions, ended_sessions, purgeable_sessions'), '0|1|0', 'what better-auth may still have in a cache is kept');

# --- by database, and given back

$before = counted('created, verified, refused');
ask("CREATE DATABASE $_ TEMPLATE template0") foreach 'one', 'two';
ask(q{CREATE EXTENSION session_auth; SELECT session_auth.create_session('alice')}, 'postgres', 'one');
is(ask('SELECT created, verified FROM session_auth.statistics', 'postgres', 'one'), '1|0', 'another database counts for itself');
is(counted('created, verified, refused'), $before, '… and not for this one');
ask(q{CREATE EXTENSION session_auth; SELECT session_auth.create_session('alice')}, 'postgres', 'two');
is(ask('SELECT created FROM session_auth.statistics', 'postgres', 'two'), '0', 'where there is no room, counters end with their backends');
is(ask(q{SELECT session_auth.create_session('alice'); SELECT created FROM session_auth.statistics}, 'postgres', 'two') =~ /\n1$/, 1, '… and are there until then');
ask('DROP DATABASE one');
ask(q{SELECT session_auth.create_session('alice')}, 'postgres', 'two');
is(ask('SELECT created FROM session_auth.statistics', 'postgres', 'two'), '1', 'a database that is dropped makes room');
is(counted('created, verified, refused'), $before, '… and no other loses anything');

# --- who is who

my $alice = ask("SELECT token FROM session_auth.create_session('alice')");
my $who = 'SELECT user_id, roles, tenant, scope, expires_at > now(), since <= now() FROM session_auth.active_identities ORDER BY user_id';
sub who { return ask($_[0] // $who, 'exporter') }
my $request = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username', 'app' ]);
my $pid = $request->query('SELECT pg_backend_pid()');
is(who(), '', 'nobody');
$request->query_safe("BEGIN; SELECT session_auth.authenticate('$alice', tenant => 'acme')");
is(who(), 'alice|{ADMIN}|acme|transaction|t|t', 'who has authenticated');
is(who("SELECT user_id FROM session_auth.active_identities WHERE pid = $pid"), 'alice', '… and which process it is');
$request->query_safe('COMMIT');
is(who(), '', '… until the transaction ends');
$request->query_safe("BEGIN; SELECT session_auth.authenticate('$alice'); SAVEPOINT s; SELECT session_auth.deauthenticate()");
is(who(), '', 'deauthenticate');
$request->query_safe('ROLLBACK TO s');
is(who(), 'alice|{ADMIN}||transaction|t|t', '… rolled back');
$request->query('SELECT 1/0');
$request->{stderr} = '';
$request->query('ROLLBACK');
is(who(), '', 'ROLLBACK');
$request->query_safe("SELECT session_auth.authenticate('$alice', 'connection')");
my $since = who('SELECT since FROM session_auth.active_identities');
is(who(), 'alice|{ADMIN}||connection|t|t', 'for the connection');
$request->query_safe('SELECT session_auth.user_id()');
is(who('SELECT since FROM session_auth.active_identities'), $since, '… since when it was taken on, in later transactions too');
$request->query_safe('DISCARD ALL');
is(who(), '', 'DISCARD ALL');
$request->query_safe("SELECT session_auth.authenticate('$alice', 'connection')");
kill 'TERM', $pid;
ok($node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM session_auth.active_identities'), 'a connection that is terminated');
eval { $request->quit };

# long ones, in characters of several bytes
ask(q{SELECT session_auth.create_role('R' || i || repeat('é', 40)), session_auth.grant_role(repeat('ü', 100), 'R' || i || repeat('é', 40)) FROM generate_series(1, 5) i});
my $long = ask(q{SELECT token FROM session_auth.create_session(repeat('ü', 100))});
$request = $node->background_psql('postgres', extra_params => [ '--username', 'app' ]);
$request->query_safe("BEGIN; SELECT session_auth.authenticate('$long', tenant => repeat('x', 63) || 'é')");
is(who(q{SELECT user_id = repeat('ü', 32), tenant = repeat('x', 63), roles[1] = 'R1' || repeat('é', 40), cardinality(roles), roles[cardinality(roles)] FROM session_auth.active_identities}), 't|t|t|3|...', 'what is long is cut between characters, and roles between names');
is(ask('SELECT count(*) FROM session_auth.active_identities', 'postgres', 'two'), '0', 'another database shows nothing of it');
$request->query_safe('COMMIT');

# one that has expired, and workers
ask(qq{UPDATE session_auth.sessions SET expires_at = clock_timestamp() + interval '2 seconds' WHERE user_id = 'alice'});
$request->query_safe("BEGIN; SELECT session_auth.authenticate('$alice')");
is(who('SELECT count(*) FROM session_auth.active_identities'), '1', 'one that is about to expire');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM session_auth.active_identities'), '… is shown no longer then');
$request->query_safe('COMMIT');
$request->quit;
is(ask(q{BEGIN; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SELECT count(*) FROM session_auth.impersonate('bob');
	SELECT count(*) FROM accounts WHERE session_auth.user_id() = 'bob'; SELECT count(*) FROM session_auth.active_identities}), "1\n10000\n1", 'parallel workers are not shown beside their leader');

# many that come and go while it is read
my $script = PostgreSQL::Test::Utils::tempdir() . '/script';
my $fine = ask("SELECT token FROM session_auth.create_session('alice')");
append_to_file($script, "BEGIN;\nSELECT session_auth.authenticate('$fine', tenant => 'acme');\nSELECT session_auth.user_id();\nCOMMIT;\n");
my $bench = IPC::Run::start([ 'pgbench', '--no-vacuum', '--client=4', '--time=3', "--file=$script", '--host', $node->host, '--port', $node->port, '--username', 'app', 'postgres' ], '>', \my $out, '2>', \my $err);
$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = 'app'});
my %seen;
my $watch = $node->background_psql('postgres');
$seen{$_}++ foreach map { split /\n/, $watch->query('SELECT user_id, roles, tenant, scope FROM session_auth.active_identities') } 1 .. 300;
$watch->quit;
$bench->finish;
is(join(' ', sort keys %seen), 'alice|{ADMIN}|acme|transaction', 'what is read is whole, while identities come and go');

# --- a crash

my $backend = $node->background_psql('postgres', on_error_stop => 0);
$backend->query_safe("SELECT session_auth.authenticate('$fine', 'connection')");
my $victim = $backend->query('SELECT pg_backend_pid()');
crash($node, $victim);
eval { $backend->quit };
is(ask('SELECT created, verified, denied FROM session_auth.statistics'), '0|0|0', 'after a crash counters begin anew');
is(who(), '', '… and nobody is left');

# --- without shared_preload_libraries

$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
ask("SELECT count(*) FROM session_auth.verify_session('$fine')");
is(counted('live_sessions > 0, created IS NULL, verified IS NULL, refused IS NULL, refused_by_reason IS NULL, denied IS NULL, cache_fills IS NULL, cache_bytes IS NULL, last_purge IS NULL'), 't|t|t|t|t|t|t|t|t', 'without shared_preload_libraries sessions are counted, and events are not');
is(who(), '', '… and nobody is shown');

$node->stop;
done_testing();
