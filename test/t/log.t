# A token never reaches the server's log: not when every statement is logged with
# its parameters' values bound, nor in what an error says. Who was denied does, and
# the client does not hear it.
# Also: test/attacks/secrets.t.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('log', 'log_statement = all', 'log_min_messages = debug1', 'log_error_verbosity = verbose',
	'log_parameter_max_length = 0', 'log_parameter_max_length_on_error = 0', 'session_auth.log_denials = on');
add_extension($node);
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my ($secret) = $token =~ /^sat_(.*)$/;
my $unknown = 'sat_' . ('Q' x 43);

# pgbench binds its variables as parameters of the extended protocol.
sub run_bound
{
	my ($statement, $value, $name) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	append_to_file("$dir/script", "$statement;\n");
	my ($out, $err);
	my $run = IPC::Run::run([ 'pgbench', '--no-vacuum', '--transactions=1', '--protocol=extended', "--define=token=$value",
		"--file=$dir/script", '--host', $node->host, '--port', $node->port, 'postgres' ], '>', \$out, '2>', \$err);
	return ($run, $err);
}

my ($worked) = run_bound('SELECT * FROM session_auth.authenticate(:token)', $token);
ok($worked, 'authenticate with a bound token');
my ($refused, $error) = run_bound('SELECT * FROM session_auth.authenticate(:token)', $unknown);
like($error, qr/invalid or expired session token/, 'a refusal says no more than that');
unlike($error, qr/\Q$unknown\E/, 'and not the token');
run_bound('SELECT * FROM session_auth.verify_session(:token)', $token);
run_bound('SELECT session_auth.refresh_session(:token)', $token);
run_bound('SELECT session_id FROM session_auth.rotate_session(:token)', $token);
run_bound('SELECT session_auth.expire_session(:token::text)', $token);
run_bound('SELECT * FROM session_auth.authenticate(:token)', $token);

my $log = slurp_file($node->logfile);
like($log, qr/session_auth\.authenticate\(\$1\)/, 'statements are logged, with parameters');
unlike($log, qr/\Q$secret\E/, 'the token is nowhere in the log');
unlike($log, qr/\Q$unknown\E/, 'nor is the refused one');
like($log, qr/28000: invalid or expired session token/, 'the refusal is, with its SQLSTATE');
my ($detail) = $log =~ /invalid or expired session token\n.*?DETAIL:\s+(.*)/;
ok($detail, 'and its reason, for the server alone: ' . ($detail // 'none'));
unlike($error, qr/DETAIL/, 'which the client is not told');

# Who impersonates is in the log, even where nothing else is left of it.
$node->append_conf('postgresql.conf', "session_auth.log_denials = off\nlog_statement = none\nlog_min_messages = warning");
$node->restart;
sub logged
{
	my ($statements) = @_;
	my $before = -s $node->logfile;
	$node->psql('postgres', $statements);
	return substr(slurp_file($node->logfile), $before);
}
$log = logged(q{BEGIN; SELECT session_auth.impersonate('bob', '{ADMIN,USER}', 'ticket 4711'); ROLLBACK});
like($log, qr/LOG: .*"postgres" impersonates user "bob"\n.*DETAIL: .*Database role "postgres", session user "postgres", roles \{ADMIN, USER\}, reason: ticket 4711$/m,
	'an impersonation that is rolled back is in the log');
is($node->safe_psql('postgres', q{SELECT count(*) FROM session_auth.session_events WHERE event = 'impersonated'}), '0', '… and nowhere else');
$log = logged(q{SET client_min_messages = debug5; SELECT session_auth.impersonate('bob')});
like($log, qr/"postgres" impersonates user "bob"\n.*roles \{USER\}, reason: none given$/m, 'one that is kept is too, with the roles that the user has');
my $other = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
$log = logged(qq{BEGIN; SELECT session_auth.authenticate('$other'); SELECT session_auth.impersonate('bob'); ROLLBACK});
like($log, qr/"alice" impersonates user "bob"/, 'the actor is the identity that was in force');
$log = logged(q{SELECT session_auth.impersonate('bob', reason => E'x\n2026-01-01 LOG: forged\r\t\x7f\u0085\u2028' || repeat('é', 5000))});
is(() = $log =~ /LOG:/g, 2, 'a reason makes no line of its own') or diag($log);
my ($reason) = $log =~ /reason: (.*)$/m;
like($reason, qr/^x\?2026-01-01 LOG: forged\?{8}\xc3\xa9/, '… what breaks or steers a line is harmless');
cmp_ok(length $reason, '<=', 1024, '… and it is bounded');
unlike($log, qr/\xc3$/m, '… between characters');
$log = logged(q{BEGIN; SET LOCAL ROLE app; SELECT session_auth.impersonate('bob')});
unlike($log, qr/impersonates/, 'one that is refused is none');


# Who was denied, for the log alone.
$node->safe_psql('postgres', q{
	SELECT session_auth.create_role('READER'), session_auth.grant_permission('READER', 'view', 'papers'), session_auth.grant_role('carol', 'READER', 'acme'), session_auth.grant_role('carol', 'USER');
	CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1); SELECT session_auth.protect_table('accounts');
	CREATE TABLE papers (id int) PARTITION BY RANGE (id); CREATE TABLE papers_1 PARTITION OF papers FOR VALUES FROM (0) TO (10); CREATE TABLE papers_2 PARTITION OF papers FOR VALUES FROM (10) TO (20);
	SELECT session_auth.protect_table('papers'); GRANT ALL ON accounts, papers TO app});
my ($session_id, $carol) = split /\|/, $node->safe_psql('postgres', q{SELECT session_id, token FROM session_auth.create_session('carol')});
sub denied
{
	my ($statements, $user) = @_;
	my $before = -s $node->logfile;
	my ($status, $out, $err) = $node->psql('postgres', $statements, extra_params => [ '--username', $user // 'app' ], on_error_stop => 0);
	return (substr(slurp_file($node->logfile), $before), $err);
}
my $who = qr/DETAIL: .*User "carol", roles \{READER, USER\}, tenant "acme", session \Q$session_id\E\.$/m;
($log, $error) = denied("BEGIN; SELECT session_auth.authenticate('$carol', tenant => 'acme'); SELECT session_auth.require_permission('edit', 'papers')");
like($log, qr/ERROR: .*permission denied: "edit" on "papers"\n.*$who/, 'require_permission: the log says who was denied');
like($error, qr/permission denied: "edit" on "papers"/, '… the client hears what');
unlike($error, qr/carol|acme|READER|\Q$session_id\E/, '… and not who');
($log, $error) = denied("SELECT session_auth.authenticate('$carol', 'connection')\\; SELECT session_auth.require_permission('edit', 'papers')");
like($log, qr/permission denied: "edit" on "papers"/, 'one string of two statements');
unlike($log, qr/\Q$carol\E/, '… which holds the token, is not in the log');
($log) = denied(qq{BEGIN; SELECT session_auth.impersonate('x' || chr(8232) || 'LOG: forged', '{}'); SELECT session_auth.require_permission('edit', 'papers')}, 'postgres');
unlike($log, qr/^LOG: forged/m, 'a user id makes no line of its own');
like($log, qr/User "x\?\?\?LOG: forged", roles \{\}, impersonated by "postgres"\.$/m, '… and who impersonates is told');

# Queries that policies leave nothing, when that is asked for.
my $request = "BEGIN; SELECT session_auth.authenticate('$carol', tenant => 'acme');";
($log) = denied("$request SELECT * FROM accounts");
is($log, '', 'without log_denials an empty answer leaves nothing in the log');
$node->append_conf('postgresql.conf', 'session_auth.log_denials = on');
$node->reload;
$node->poll_query_until('postgres', q{SELECT current_setting('session_auth.log_denials') = 'on' FROM session_auth.is_authenticated()});
sub emptied { return [ map { /policies leave a query nothing of table "(.*)"/ ? $1 : () } split /\n/, $_[0] ] }
($log) = denied("$request SELECT * FROM accounts");
like($log, qr/LOG: .*policies leave a query nothing of table "public.accounts" \(view\)\n.*$who/, 'with log_denials it says of which table, and who');
unlike($log, qr/STATEMENT|SELECT|CONTEXT/, '… without the statement');
is_deeply(emptied((denied("$request SELECT * FROM accounts a, accounts b, generate_series(1, 100)"))[0]), ['public.accounts'], '… once for a query and table') or diag($log);
is_deeply(emptied((denied("$request UPDATE accounts SET id = 2"))[0]), ['public.accounts'], 'an UPDATE');
like((denied("$request UPDATE accounts SET id = 2"))[0], qr/"public.accounts" \(edit\)/, '… with its action');
like((denied("$request DELETE FROM accounts"))[0], qr/"public.accounts" \(delete\)/, '… and a DELETE');
is_deeply(emptied((denied("$request SELECT * FROM papers"))[0]), [], 'what is permitted is none');
is_deeply(emptied((denied("$request DELETE FROM papers"))[0]), ['public.papers'], 'partitions are their table');
like((denied('SELECT session_auth.is_authenticated(); SELECT * FROM accounts'))[0], qr/"public.accounts" \(view\)\n.*DETAIL: .*Nobody is authenticated\.$/m, 'nobody');
is_deeply(emptied((denied('SELECT * FROM accounts WHERE (SELECT false)', 'postgres'))[0]), [], 'whom policies do not bind is not denied');
($log) = denied("SELECT session_auth.authenticate('$carol', 'connection')\\; SELECT * FROM accounts");
is_deeply(emptied($log), ['public.accounts'], 'one string of two statements');
unlike($log, qr/\Q$carol\E/, '… whose token is not in the log');

$node->stop;
done_testing();
