# Attack: find tokens, hashes, secrets and private keys in the server's log,
# pg_stat_activity, pg_stat_statements, auto_explain's plans, errors, pg_settings,
# pg_stats or events, after a run of everything, with and without errors.
# Holds, with the settings of docs/security.md (bound parameters, lengths of 0): none of
# the known secrets is anywhere; a refused statement is not logged, literal or not.
# Guards: src/base/errors.c (errhidestmt, errdetail_log); src/sql/own_token.c; src/verify/keys.c.
# Also: test/t/log.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('secrets', q{shared_preload_libraries = 'pg_stat_statements,auto_explain'}, 'log_statement = all', 'log_min_messages = debug2',
	'log_error_verbosity = verbose', 'log_duration = on', 'log_min_duration_statement = 0', 'log_parameter_max_length = 0', 'log_parameter_max_length_on_error = 0', 'track_activity_query_size = 16kB',
	'auto_explain.log_min_duration = 0', 'auto_explain.log_analyze = on', 'auto_explain.log_nested_statements = on', 'session_auth.log_denials = on', 'pg_stat_statements.track = all', 'max_worker_processes = 8', 'session_auth.rotation_grace = 0');
$node->append_conf('postgresql.conf', 'auto_explain.log_parameter_max_length = 0') if $node->pg_version >= 16;
$node->reload;
add_extension($node);
$node->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements');

my $run = 0;
# pgbench binds its variables as parameters of the extended protocol.
sub bound
{
	my ($statement, %values) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/script' . $run++;
	append_to_file($file, "$statement;\n");
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'pgbench', '--no-vacuum', '--transactions=1', '--protocol=extended', (map { "--define=$_=$values{$_}" } keys %values), "--file=$file", '--host', $node->host, '--port', $node->port, 'postgres' ], '>', \$out, '2>', \$err);
	return $err;
}
# Tokens that the server makes are taken by a table that is emptied, so that no client says them.
$node->safe_psql('postgres', 'CREATE TABLE taken (name text, token text)');
sub made { return $node->safe_psql('postgres', "INSERT INTO taken SELECT '$_[0]', $_[1]; SELECT token FROM taken WHERE name = '$_[0]'") }

my %secret = (hmac => 'HmacSecret0123456789abcdefghijklmnopqrstuv', authjs => 'AuthJsSecretOfTheApplication', cookie => 'CookieSecretOfExpress0123456789', chosen => '3f2a9c10-7b4e-4d21-9a55-0c1d2e3f4a5b', wrong => 'sat_' . 'Q' x 43);
my $errors = '';
$errors .= bound(q{SELECT session_auth.add_key('k', 'HS256', :s)}, s => $secret{hmac});
$errors .= bound(q{SELECT session_auth.add_authjs_secret(:s)}, s => $secret{authjs});
$errors .= bound(q{SELECT session_auth.add_cookie_secret('express', :s)}, s => $secret{cookie});
$errors .= bound(q{SELECT session_id FROM session_auth.create_session('alice', token => :s)}, s => $secret{chosen});
$secret{opaque} = made('opaque', q{token FROM session_auth.create_session('alice')});
$secret{rotated} = made('rotated', q{token FROM session_auth.create_session('bob')});
$secret{jwt} = made('jwt', q{session_auth.issue_token('alice', '1 hour')});
is($errors =~ /ERROR/ ? $errors : '', '', 'the run begins without errors');
foreach my $call (q{session_auth.authenticate(:s)}, q{session_auth.verify_session(:s)}, q{session_auth.authenticate_request(:c, :b)}, q{session_auth.refresh_session(:s)})
{
	$errors .= bound("SELECT * FROM $call", s => $secret{$_}, c => "authjs.session-token=$secret{$_}", b => "Bearer $secret{$_}") foreach qw(opaque chosen jwt wrong);
}
$errors .= bound(q{SELECT session_id FROM session_auth.rotate_session(:s)}, s => $secret{rotated}) foreach 1 .. 2;
$errors .= bound(q{SELECT session_auth.create_session('eve', token => :s)}, s => $secret{chosen});
$errors .= bound(q{SELECT session_auth.create_session('eve', token => :s)}, s => 'weak' . $secret{cookie} . ' ');
$errors .= bound(q{SELECT session_auth.add_key('k2', 'RS256', :s)}, s => $secret{hmac});
$errors .= bound(q{SELECT session_auth.add_key('k2', 'HS512', :s)}, s => $secret{hmac});
$errors .= bound(q{SELECT session_auth.add_key('k', 'HS256', :s)}, s => $secret{hmac});
$errors .= bound(q{SELECT session_auth.add_cookie_secret('unknown', :s)}, s => $secret{cookie});
$errors .= bound(q{SELECT session_auth.expire_session(:s::text)}, s => $secret{$_}) foreach qw(opaque chosen jwt);
$errors .= bound(q{SELECT session_auth.drop_authjs_secret(:s), session_auth.drop_cookie_secret('express', :c)}, s => $secret{authjs}, c => $secret{cookie});
like($errors, qr/invalid or expired session token/, 'some of it was refused');
$node->safe_psql('postgres', 'DELETE FROM taken; VACUUM FULL taken; ANALYZE');

# literals too, where statements are not logged anyway: a refusal keeps its statement out
my $mark = -s $node->logfile;
$node->append_conf('postgresql.conf', "log_statement = none\nlog_min_duration_statement = -1\nlog_duration = off\nauto_explain.log_min_duration = -1\nlog_min_messages = warning");
$node->reload;
$node->psql('postgres', "SELECT session_auth.authenticate('sat_" . 'W' x 43 . "')", on_error_stop => 0) foreach 1 .. 2;
my $log = slurp_file($node->logfile);
my $later = substr($log, $mark);
$later =~ s/^.*\bstatement: .*\n//mg;
unlike($later, qr/W{43}/, 'a refused literal is not logged with its error');

my %hash = map { $_ => $node->safe_psql('postgres', "SELECT encode(sha256('$secret{$_}'), 'hex')") } grep { $_ ne 'jwt' } keys %secret;
# nested statements of PL/pgSQL are planned with their values, which auto_explain shows
my $said = substr($log, 0, $mark);
my @filters = $said =~ /^(\s*(?:Filter|Index Cond): .*\n)/mg;
$said =~ s/^\s*(?:Filter|Index Cond): .*\n//mg;
is(scalar(grep { /\Q$secret{authjs}\E|\Q$secret{cookie}\E/ } @filters), 0, 'no plan of a nested statement has a secret in its filter');
is(scalar(grep { /\Q$secret{hmac}\E|\Q$secret{chosen}\E|\Q$secret{opaque}\E/ } @filters), 0, '… nor another one');

my %places = (
	'the log' => $said,
	'what clients are told' => $errors,
	'pg_stat_statements' => $node->safe_psql('postgres', q{SELECT string_agg(query, E'\n') FROM pg_stat_statements WHERE query NOT LIKE '%sha256(%'}),
	'pg_settings' => $node->safe_psql('postgres', q{SELECT string_agg(s::text, E'\n') FROM pg_settings s}),
	'events' => $node->safe_psql('postgres', q{SELECT string_agg(e::text, E'\n') FROM session_auth.session_events e}),
	'list_keys and sessions' => $node->safe_psql('postgres', q{SELECT string_agg(k::text, E'\n') FROM session_auth.list_keys() k} ) . $node->safe_psql('postgres', q{SELECT string_agg(s::text, E'\n') FROM session_auth.list_sessions('alice') s}));
foreach my $place (sort keys %places)
{
	my @found = grep { index($places{$place}, $secret{$_}) >= 0 || ($hash{$_} && index($places{$place}, $hash{$_}) >= 0) } sort keys %secret;
	is("@found", '', "no secret and no hash is in $place") or diag(map { my $s = $secret{$_}; my $h = $hash{$_} // $s; grep { /\Q$s\E|$h/ } split /^/, $places{$place} } @found);
}
like($places{'the log'}, qr/authenticate\(\$1\)/, 'the log does have the statements');
like($places{'the log'}, qr/Query Text: .*authenticate/, '… and auto_explain its plans');
like($places{'pg_stat_statements'}, qr/authenticate\(\$1\)/, '… pg_stat_statements too');

$node->stop;
done_testing();
