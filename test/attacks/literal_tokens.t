# Attack: harvest tokens that clients put into the statement's text instead of binding them: a
# second connection of the same database role reads pg_stat_activity while the statement runs
# and afterwards; somebody else reads the log (durations, errors, auto_explain's plans, bound
# values) and pg_stat_statements.
# Holds: once the function has been called, no place shows the token, for every function that
# takes a token or a secret, whichever way the text quotes it; the client is told once, and a
# bound token costs nobody a word. What is shown and logged before that cannot be helped.
# Guards: src/sql/hidden_secret.c, hide_secret(); src/pure/secret_in_text.c, secret_mask().
# Also: test/attacks/secrets.t (with bound parameters), test/unit/secret_in_text_test.c.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;
use WireProtocol;

my $node = new_server('literal_tokens', q{shared_preload_libraries = 'pg_stat_statements,auto_explain'}, 'session_auth.warn_literal_tokens = on',
	'log_statement = none', 'log_min_duration_statement = 300', 'log_parameter_max_length = -1', 'log_parameter_max_length_on_error = -1', 'track_activity_query_size = 16kB',
	'auto_explain.log_min_duration = 0', 'auto_explain.log_analyze = on', 'auto_explain.log_verbose = on', 'auto_explain.log_nested_statements = on',
	'pg_stat_statements.track = all', 'pg_stat_statements.track_utility = on', 'max_worker_processes = 8', 'log_min_messages = notice');
add_extension($node);
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_stat_statements;
	CREATE TABLE numbers AS SELECT i FROM generate_series(1, 2000) i; ALTER TABLE numbers SET (parallel_workers = 2); GRANT SELECT ON numbers TO app;
	CREATE FUNCTION by_text(token text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SELECT session_auth.authenticate(%L), 1/(random() * 0)::int', token); END $$;
	ALTER ROLE postgres SET log_min_duration_statement = -1; ALTER ROLE postgres SET auto_explain.log_min_duration = -1; ALTER ROLE postgres SET pg_stat_statements.track = 'none'});

# Tokens that the server makes are taken by a table, so that only the attacked statement says them.
my @tokens;
sub fresh
{
	my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
	push @tokens, $token;
	return $token;
}
my $peeking = $node->background_psql('postgres', extra_params => [ '--username', 'app' ]);

# What the second connection reads of all others of its role.
sub seen { return $peeking->query_safe(q{SELECT coalesce(string_agg(state || ': ' || query, E'\n'), '') FROM pg_stat_activity WHERE usename = 'app' AND pid <> pg_backend_pid()}) }

sub holds
{
	my ($text, $token, $name) = @_;
	my $bare = substr($token, 4);
	unlike($text, qr/\Q$bare\E/, $name);
	return;
}

sub waits
{
	$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = 'app' AND wait_event_type = 'Lock'}) or BAIL_OUT('nobody waits');
	return;
}

sub query { return message('Q', "$_[0]\0") }
sub parse { my ($name, $text) = @_; return message('P', "$name\0$text\0\0\0") }
sub bind_to { my ($name, @values) = @_; return message('B', "\0$name\0" . pack('nn', 0, scalar @values) . join('', map { pack('N', length) . $_ } @values) . pack('n', 0)) }
my ($execute, $sync, $flush) = (message('E', "\0" . pack('N', 0)), message('S', ''), message('H', ''));

# ------------------------------------------------------------------------ ways to write it

# E'' with everything escaped.
sub escaped { return join('', map { sprintf '\\x%02x', ord } split //, $_[0]) }
my %written = (
	'a literal' => sub { "SELECT session_auth.authenticate('$_[0]')" },
	'several statements' => sub { "BEGIN; SELECT session_auth.authenticate('$_[0]'); SELECT 1" },
	'dollar quotes' => sub { "SELECT session_auth.authenticate(\$t\$$_[0]\$t\$)" },
	'escapes' => sub { "SELECT session_auth.authenticate(E'" . escaped($_[0]) . "')" },
	'Unicode escapes' => sub { "SELECT session_auth.authenticate(U&'" . join('', map { sprintf '\\%04x', ord } split //, $_[0]) . "')" },
	'a block' => sub { "DO \$\$ BEGIN PERFORM session_auth.authenticate('$_[0]'); END \$\$" },
	'a block in quotes' => sub { "DO 'BEGIN PERFORM session_auth.authenticate(''$_[0]''); END'" },
	'dynamic SQL' => sub { "DO \$\$ BEGIN EXECUTE 'SELECT session_auth.authenticate(''$_[0]'')'; END \$\$" },
	'a set' => sub { "SELECT * FROM numbers, session_auth.authenticate('$_[0]') WHERE i = 1" },
	'a comment as well' => sub { "SELECT session_auth.authenticate('$_[0]') -- $_[0]" },
	'EXPLAIN' => sub { "EXPLAIN (ANALYZE, VERBOSE) SELECT session_auth.authenticate('$_[0]')" },
	'COPY' => sub { "CREATE TEMP TABLE x AS SELECT user_id FROM session_auth.authenticate('$_[0]')" },
	'a filter' => sub { "SELECT count(*) FROM numbers WHERE session_auth.authenticate('$_[0]') IS NOT NULL AND i < 3" },
	'EXECUTE' => sub { "PREPARE p(text) AS SELECT session_auth.authenticate(\$1); EXECUTE p('$_[0]')" },
	'a cursor' => sub { "BEGIN; DECLARE c CURSOR FOR SELECT session_auth.authenticate('$_[0]'); FETCH c" },
	'a header' => sub { "SELECT session_auth.authenticate_request(NULL, 'Bearer $_[0]')" },
	'a long text' => sub { "SELECT session_auth.authenticate('$_[0]') /* " . 'x' x 5_000_000 . ' */' },
);
foreach my $way (sort keys %written)
{
	my $token = fresh();
	my $client = WireProtocol->new($node);
	my @came = $client->ask('Z', query($written{$way}->($token)));
	is_deeply([ grep { /^error/ } @came ], [], "$way: it works");
	holds(seen(), $token, "$way: the second connection sees no token afterwards");
	like(seen(), qr/\*{20}/, '… but that something was there');
	$client->ask('Z', query('ROLLBACK; SELECT pg_sleep(0)'));
}

# ------------------------------------------------------------------------- while it runs

$peeking->query_safe('SELECT pg_advisory_lock(1)');
foreach my $way ('simple', 'pipeline', 'one statement')
{
	my $token = fresh();
	my $client = WireProtocol->new($node);
	my $lock = 'SELECT pg_advisory_lock(1), pg_advisory_unlock(1)';
	syswrite($client->{socket}, $way eq 'simple' ? query("SELECT session_auth.authenticate('$token'); $lock")
		: $way eq 'pipeline' ? parse('', "SELECT session_auth.authenticate('$token')") . bind_to('') . $execute . parse('', $lock) . bind_to('') . $execute . $sync
		: query("SELECT l FROM session_auth.authenticate('$token') a, LATERAL (SELECT a.user_id, pg_advisory_lock(1), pg_advisory_unlock(1)) l"));
	waits();
	like(seen(), qr/^active: .*pg_advisory_lock/m, "$way: it runs");
	holds(seen(), $token, "$way: … and the second connection sees no token");
	$peeking->query_safe('SELECT pg_advisory_unlock(1)');
	$client->ask('Z');
	$peeking->query_safe('SELECT pg_advisory_lock(1)');
}
$peeking->query_safe('SELECT pg_advisory_unlock(1)');

# A prepared statement is shown anew each time that it is bound.
{
	my $token = fresh();
	my $client = WireProtocol->new($node);
	$client->ask('Z', parse('named', "SELECT session_auth.authenticate('$token'), pg_sleep(0.4)") . bind_to('named') . $execute . $sync);
	$client->ask('2', bind_to('named') . $flush);
	like(seen(), qr/^active: SELECT session_auth.authenticate\('\*+'\)/m, 'a prepared statement that is bound again');
	holds(seen(), $token, '… shows no token');
	$client->ask('Z', $execute . $sync);
	$client->ask('Z', query("BEGIN; DECLARE c CURSOR FOR SELECT session_auth.authenticate('$token')"));
	$client->ask('Z', query('FETCH c'));
	is(($client->ask('Z', query('SELECT statement FROM pg_cursors')))[0] =~ /'\*+'/, 1, "a cursor's text is masked when it is fetched from");
}

# Workers show what their leader runs.
{
	my $token = fresh();
	my $client = WireProtocol->new($node);
	syswrite($client->{socket}, query("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off; "
		. "SELECT session_auth.authenticate('$token'); SELECT count(pg_sleep(0.002)) FROM numbers"));
	$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'parallel worker' AND query LIKE '%authenticate%'}) or BAIL_OUT('no worker');
	my $workers = $node->safe_psql('postgres', q{SELECT string_agg(query, E'\n') FROM pg_stat_activity WHERE backend_type = 'parallel worker'});
	holds($workers, $token, 'workers show no token');
	$client->ask('Z');
}

# ---------------------------------------------------------------------- all that take secrets

my %others = (kid => q{'k'}, algorithm => q{'HS256'}, user_id => q{'alice'}, kind => q{'express'}, issuer => q{'i'}, permissions => 'NULL');
my $kind = q{('token', 'secret', 'key', 'cookie', 'cookie_header', 'authorization_header')};
my $n = 0;
foreach my $line (split /\n/, $node->safe_psql('postgres', qq{
	SELECT p.proname, a.name, array_to_string(p.proargnames[1:p.pronargs - p.pronargdefaults], ',')
	FROM pg_proc p, LATERAL unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) a (name, type)
	WHERE p.pronamespace = 'session_auth'::regnamespace AND a.name IN $kind AND a.type IN ('text'::regtype, 'bytea'::regtype)
	  AND coalesce(obj_description(p.oid, 'pg_proc'), '') NOT LIKE 'internal:%' AND p.proargtypes[0] = 'text'::regtype ORDER BY 1, 2}))
{
	my ($function, $argument, $required) = split /\|/, $line, -1;
	my $secret = sprintf 'Secret%02dOfTheKind_0123456789abcdefghijklmnop', ++$n;
	push @tokens, $secret;
	my %given = map { $_ => $others{$_} // 'NULL' } grep { $_ ne $argument } split /,/, $required;
	my $call = "session_auth.$function(" . join(', ', "$argument => '$secret'", map { "$_ => $given{$_}" } sort keys %given) . ')';
	my $client = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $client->query('SELECT pg_backend_pid()');
	$client->query("SELECT $call");
	my $shown = $node->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE pid = $pid");
	like($shown, qr/\Q$function\E\(.*'\*+'/, "$function($argument): it was masked");
	holds($shown, $secret, "… and nothing of it is shown");
	like($client->{stderr}, qr/WARNING:  a token or secret/, '… and its caller is told');
	$client->quit;
}
cmp_ok($n, '>=', 14, 'those are all functions that take a token or a secret');
foreach my $call (q{session_auth.authenticate('%s', 'bogus')}, q{session_auth.authenticate_request('a=%s', NULL, 'bogus')}, q{session_auth.create_session('', token => '%s')},
	q{session_auth.add_key('k', 'HS256', '%s', role_source => 'bogus')}, q{session_auth.add_authjs_secret('%s', role_source => 'bogus')}, q{session_auth.add_cookie_secret('bogus', '%s')},
	q{session_auth.create_session('alice', token => '%s', permissions => '{bogus}')},
	q{session_auth.import_jwks('https://i.example', '{"keys": [1, {"kty": "OKP", "crv": "Ed25519", "kid": "p", "x": "AA", "d": "%s"}]}')},
	q{session_auth.import_jwks('https://i.example', '{"keys": [{"kty": "RSA", "n": "AA", "e": "AQAB", "oth": [{"t": "%s"}]}]}', role_source => 'bogus')},
	q{session_auth.import_jwks('https://i.example', '{"keys": [{"kty": "oct", "k": "%s"}]}', role_source => 'bogus')})
{
	my $secret = sprintf 'Wrong%02dOfTheKind_0123456789abcdefghijklmnop', ++$n;
	push @tokens, $secret;
	my $client = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $client->query('SELECT pg_backend_pid()');
	$client->query('SELECT ' . sprintf($call, $secret));
	like($client->{stderr}, qr/ERROR:  invalid/, "$call: an argument beside it is wrong");
	holds($node->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE pid = $pid"), $secret, '… and nothing of it is shown');
	$client->quit;
}

# ------------------------------------------------------------------------- errors and logs

sub errors_of
{
	my ($client, @messages) = @_;
	return join(' ', grep { /^error/ } $client->ask('Z', @messages));
}
{
	my $client = WireProtocol->new($node);
	is(errors_of($client, query(sprintf q{SELECT session_auth.authenticate('%s'), 1/(i - 1) FROM numbers WHERE i = 1}, fresh())), 'error 22012', 'an error after it');
	is(errors_of($client, query(sprintf q{SELECT session_auth.authenticate('%s'), pg_sleep(0.4)}, fresh())), '', 'a statement that takes long');
	is(errors_of($client, parse('', sprintf q{SELECT session_auth.authenticate('%s'), pg_sleep(0.4)}, fresh()) . bind_to('') . $execute . $sync), '', '… in the extended protocol');
	is(errors_of($client, parse('', 'SELECT session_auth.authenticate($1), pg_sleep(0.4)') . bind_to('', fresh()) . $execute . $sync), '', '… with its token bound');
	is(errors_of($client, parse('', 'SELECT session_auth.authenticate($1), 1/(i - 1) FROM numbers WHERE i = 1') . bind_to('', fresh()) . $execute . $sync), 'error 22012', 'an error with a token that is bound');
	is(errors_of($client, parse('', 'SELECT by_text($1)') . bind_to('', fresh()) . $execute . $sync), 'error 22012', 'an error in a text that a function has made');
	is(errors_of($client, query(sprintf q{DO $$ BEGIN PERFORM session_auth.authenticate('%s'); RAISE EXCEPTION 'in the block'; END $$}, fresh())), 'error P0001', 'an error in a block');
}
my $log = slurp_file($node->logfile);
my @logged = grep { my $bare = substr($_, 4); $log =~ /\Q$bare\E/ } @tokens;
is("@logged", '', 'no token is in the log') or diag(map { my $t = $_; grep { index($_, $t) >= 0 } split /^/, $log } @logged);
like($log, qr/STATEMENT:  SELECT session_auth.authenticate\('\*+'\), 1/, '… but the statement of an error is');
like($log, qr/duration: \S+ ms  statement: SELECT session_auth.authenticate\('\*+'\), pg_sleep/, '… and one that took long');
like($log, qr/duration: \S+ ms  execute <unnamed>: SELECT session_auth.authenticate\(\$1\), pg_sleep.*\n.*DETAIL:  [Pp]arameters: \$1 = '\*+'/, '… and its bound value is masked');
like($log, qr/SQL statement "SELECT session_auth.authenticate\('\*+'\)/, '… and a text that a function has made');
like($log, qr/Query Text: SELECT count\(\*\) FROM numbers WHERE session_auth.authenticate\('\*+'\)/, "… and auto_explain's texts");
like($log, qr/Filter: .*authenticate\('\*+'::text/, '… and plans');

my $statements = $node->safe_psql('postgres', q{SELECT string_agg(query, E'\n') FROM pg_stat_statements WHERE query NOT LIKE 'DECLARE%'}); # which up to 15 is kept before it is fetched from
my @kept = grep { my $bare = substr($_, 4); $statements =~ /\Q$bare\E/ } @tokens;
is("@kept", '', 'no token is in pg_stat_statements') or diag(map { my $t = $_; grep { index($_, $t) >= 0 } split /^/, $statements } @kept);
like($statements, qr/^DO \$\$ BEGIN PERFORM session_auth.authenticate\('\*+'\)/m, '… but a block is');

# What is masked in the log is forgotten with the next transaction.
{
	my $client = WireProtocol->new($node);
	my $token = fresh();
	$client->ask('Z', query("BEGIN; SELECT session_auth.authenticate('$token')"));
	my $say = sub { "DO \$\$ BEGIN RAISE LOG 'said %', '" . substr($token, 0, 24) . "' || '" . substr($token, 24) . "'; END \$\$" };
	my $before = -s $node->logfile;
	$client->ask('Z', query($say->()));
	like(substr(slurp_file($node->logfile), $before), qr/said \*+$/m, 'in its transaction the log says nothing of it');
	$client->ask('Z', query('COMMIT'));
	$before = -s $node->logfile;
	$client->ask('Z', query($say->()));
	like(substr(slurp_file($node->logfile), $before), qr/said \Q$token\E$/m, '… and after it no memory of it is left');
}

# ------------------------------------------------------------------------- the warning

sub warnings_of
{
	my (@statements) = @_;
	my ($status, $out, $err) = $node->psql('postgres', join("\n", '\set VERBOSITY verbose', map { "$_;" } @statements), extra_params => [ '--username', 'app' ], on_error_stop => 0);
	return $err;
}
my $warned = warnings_of('BEGIN', "SELECT session_auth.authenticate('" . fresh() . "')", "SELECT session_auth.authenticate('" . fresh() . "')");
is(() = $warned =~ /WARNING:/g, 1, 'the client is told once') or diag($warned);
like($warned, qr/WARNING:  01SA1: a token or secret is a part of the statement's text\nDETAIL:  .*\nHINT:  .*bind parameter: docs\/drivers.md/, '… what, and the remedy');
unlike(warnings_of('BEGIN', 'SELECT count(session_auth.authenticate(format($f$sat_%s$f$, repeat($f$A$f$, 43)), on_refused => $f$nobody$f$))'), qr/WARNING/, 'a token that is not in the text is none');
is(errors_of(WireProtocol->new($node), query(q{SELECT session_auth.authenticate('', on_refused => 'nobody'), session_auth.authenticate('a', on_refused => 'nobody'), session_auth.authenticate('''', on_refused => 'nobody'), session_auth.authenticate(NULL, on_refused => 'nobody')})), '', 'tokens of hardly any length');
is(errors_of(WireProtocol->new($node), query(q{SELECT session_auth.verify_session(repeat('x', 20000)), session_auth.verify_session('} . 'y' x 20000 . q{'), session_auth.token_from_cookie('} . 'z' x 900_000 . q{')})), '', '… and of great length');
$node->append_conf('postgresql.conf', 'session_auth.warn_literal_tokens = off');
$node->reload;
$node->poll_query_until('postgres', q{SELECT current_setting('session_auth.warn_literal_tokens') = 'off' FROM session_auth.is_authenticated()});
unlike(warnings_of('BEGIN', "SELECT session_auth.authenticate('" . fresh() . "')"), qr/WARNING/, 'the setting turns the warning off');

$peeking->quit;
$node->stop;
done_testing();
