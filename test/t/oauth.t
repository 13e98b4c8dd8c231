# Logins by OAuth, with libpq's own device flow and an issuer on 127.0.0.1: who holds the
# token is who the connection's queries run as, and whatever is wrong with a token, the key
# set or the settings refuses it.  PostgreSQL 18 and later, with libpq-oauth.
# Also: test/t/jwt.t, test/pgtap/tokens_refused.sql.
use strict;
use warnings;
use Cwd 'abs_path';
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my ($major) = (run_command([ 'pg_config', '--version' ]))[0] =~ /(\d+)/;
plan(skip_all => "PostgreSQL $major has no OAuth: 18 and later have") if $major < 18;

# --- the issuer and the server

my $dir = abs_path(PostgreSQL::Test::Utils::tempdir());
# A lexical handle would be closed, and so wait for the issuer, where the test ends early, before END ends it.
my $pid = open(our $issuer, '-|', 'python3', 'test/t/lib/oauth_issuer.py', $dir) or die "no issuer: $!";
END { kill 'TERM', $pid if $pid }
my $port = <$issuer>;
chomp $port;
my $url = "http://127.0.0.1:$port";

my $node = new_server('oauth', 'autovacuum = off', q{oauth_validator_libraries = 'session_auth'},
	"session_auth.oauth_key_file = '$dir/keys.json'", q{session_auth.oauth_audience = 'postgres'}, 'session_auth.clock_skew = 0');
add_extension($node);
$node->safe_psql('postgres', q{
	CREATE DATABASE without;
	CREATE TABLE accounts (id int); INSERT INTO accounts SELECT generate_series(1, 3); SELECT session_auth.protect_table('accounts'); GRANT SELECT ON accounts TO app;
	CREATE ROLE other LOGIN});
my $own = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});
$node->append_conf('pg_ident.conf', join "\n", 'people alice app', 'people bob app', 'people "zoë@example.com" app', '');
unlink $node->data_dir . '/pg_hba.conf';
sub listen_with { my (@options) = @_; $node->append_conf('pg_hba.conf', join ' ', "local all app oauth issuer=\"$url\" scope=\"openid db\"", @options); return $node->append_conf('pg_hba.conf', "\nlocal all all trust\n") }
listen_with('map=people');
$node->reload;

# http on the loopback device is for tests alone, which libpq wants to be told.
local $ENV{PGOAUTHDEBUG} = 'UNSAFE';

# What a token says; undef takes a claim away.
sub token
{
	my (%change) = @_;
	my %more = %{ delete $change{''} // {} };
	my %claims = (iss => $url, aud => 'postgres', sub => 'alice', scope => 'openid db more', exp => time + 3600, iat => time - 5, %change);
	delete @claims{ grep { !defined $claims{$_} } keys %claims };
	open(my $file, '>', "$dir/token.json") or die $!;
	print $file JSON::PP->new->utf8->encode({ header => { alg => 'RS256', kid => 'key', %{ $more{header} // {} } }, claims => \%claims, sign_with => $more{sign_with} // 'key' });
	return close $file;
}

# Logs in and runs the statements; rows, and what was said.
sub as_login
{
	my ($statements, %options) = @_;
	my $database = $options{database} // 'postgres';
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--dbname',
		'host=' . $node->host . ' port=' . $node->port . ' user=' . ($options{user} // 'app') . " dbname=$database oauth_issuer=$url oauth_client_id=psql" ],
		'<', \$statements, '>', \$out, '2>', \$err);
	chomp $out;
	return wantarray ? ($out, $err) : $out;
}

token();
my ($who, $said) = as_login(q{SELECT session_auth.user_id(), session_auth.roles(), session_auth.role(), system_user, session_user});
if ($said =~ /no OAuth flows are available|libpq-oauth|not supported by this build/i)
{
	diag($said);
	plan(skip_all => 'libpq has no OAuth flow here: Debian keeps it in libpq-oauth');
}
is($who, 'alice|{ADMIN}|ADMIN|oauth:alice|app', 'the first query knows who logged in') or diag($said);

# --- the identity

is(as_login('SELECT count(*) FROM accounts'), '3', 'policies show what the user may see');
token(sub => 'bob');
is(as_login('SELECT count(*) FROM accounts; SELECT session_auth.user_id()'), "0\nbob", '… and to another one, with the same database role, nothing');
token();
is(as_login("BEGIN; SELECT session_auth.user_id(); SELECT 1/0; ROLLBACK; SELECT session_auth.user_id()"), "alice\nalice", 'a transaction that is rolled back does not end it');
is(as_login("BEGIN; SAVEPOINT s; SELECT session_auth.user_id(); ROLLBACK TO s; SELECT session_auth.user_id(); COMMIT; SELECT session_auth.user_id()"), "alice\nalice\nalice", 'nor a savepoint');
is(as_login("SELECT session_auth.user_id(); DISCARD ALL; SELECT session_auth.user_id(); RESET ALL; SELECT session_auth.user_id()"), "alice\nalice\nalice", 'DISCARD ALL and RESET ALL lead back to who logged in');
is(as_login("SELECT session_auth.deauthenticate(); SELECT session_auth.user_id() IS NULL; SELECT count(*) FROM accounts; DISCARD ALL; SELECT session_auth.user_id() IS NULL"), "\nt\n0\nt", 'deauthenticate() leaves nobody, for good');
is(as_login("BEGIN; SELECT user_id FROM session_auth.authenticate('$own'); SELECT session_auth.user_id(); COMMIT; SELECT session_auth.user_id()"), "bob\nbob\nalice", 'authenticate() is for its transaction');
is(as_login(q{DO $$ BEGIN RAISE NOTICE '%', session_auth.user_id(); END $$; SELECT 1}), '1', 'a procedural block');
like((as_login(q{DO $$ BEGIN RAISE NOTICE 'who: %', session_auth.user_id(); END $$}))[1], qr/who: alice/, '… knows it, too');
is(as_login(q{SET debug_parallel_query = on; SET parallel_setup_cost = 0; SELECT count(*) FROM accounts; SELECT session_auth.user_id()}), "3\nalice", 'parallel workers have it');
is(as_login(q{PREPARE q AS SELECT session_auth.user_id(); EXECUTE q; EXECUTE q}), "alice\nalice", 'prepared statements');
is(as_login(q{SELECT 1; SELECT session_auth.claim('scope')}), "1\nopenid db more", 'its claims can be read');
is(as_login('SELECT system_user, 1', database => 'without'), 'oauth:alice|1', 'a database without the extension is none of its business');

my $revoke = 'psql --no-psqlrc --quiet --host=' . $node->host . ' --port=' . $node->port . ' --username=postgres --dbname=postgres --command';
is(as_login(qq{SELECT session_auth.user_id();\n\\! $revoke "SELECT session_auth.grant_role('alice', 'USER')" >/dev/null\nSELECT session_auth.roles()}), "alice\n{ADMIN,USER}", 'a role that is granted counts from the next transaction on');
is(as_login(qq{SELECT session_auth.user_id();\n\\! $revoke "SELECT session_auth.expire_user_sessions('alice')" >/dev/null\nSELECT session_auth.user_id() IS NULL; SELECT count(*) FROM accounts}), "alice\nt\n0", 'logged out everywhere, the connection is nobody\'s');
is(as_login('SELECT session_auth.user_id() IS NULL'), 't', '… and so is who comes with a token of before');
token(iat => time + 0, jti => 'j1');
sleep 1;
token(iat => time, jti => 'j1');
is(as_login(q{SELECT session_auth.user_id(); SELECT session_auth.sign_out(); SELECT session_auth.user_id() IS NULL}), "alice\n1\nt", 'sign_out() ends it') or diag(slurp_file($node->logfile));
token(exp => time + 4, iat => time);
is(as_login('SELECT session_auth.user_id(); SELECT pg_sleep(5); SELECT session_auth.user_id() IS NULL; SELECT count(*) FROM accounts'), "alice\n\nt\n0", 'it ends when its token does');
$node->safe_psql('postgres', q{ALTER ROLE app SET session_auth.connection_scope = off});
token(iat => time);
is(as_login('SELECT session_auth.user_id() IS NULL'), 't', 'where connection_scope is off there is none');
$node->safe_psql('postgres', q{ALTER ROLE app RESET session_auth.connection_scope});

# --- what is refused

# A login that fails, and whose reason is in the log; the token is not.
sub refused
{
	my ($why, $name, %options) = @_;
	my $before = -s $node->logfile;
	my ($out, $err) = as_login('SELECT 1', %options);
	my $logged = substr(slurp_file($node->logfile), $before);
	ok($out eq '' && $err =~ /failed|error/i, $name) or diag("$out\n$err");
	like($logged, $why, "… $why is in the log");
	open(my $file, '<', "$dir/token") or die $!;
	my (undef, $payload) = split /\./, <$file>;
	unlike($logged, qr/\Q$payload\E/, '… and the token is not');
	return;
}
my $denied = qr/OAuth token refused\n.*DETAIL: /;
token(aud => 'other');
refused(qr/${denied}.*meant for another audience/, 'another audience');
token(aud => undef);
refused(qr/${denied}.*meant for another audience/, 'no audience');
token(iss => 'https://elsewhere.example');
refused(qr/${denied}.*issuer is not the key's/, 'another issuer');
token(scope => 'openid');
refused(qr/${denied}.*lacks a claim.*"db"/, 'a scope that pg_hba.conf demands is missing');
token(scope => undef);
refused(qr/${denied}.*lacks a claim/, '… or all are, as of an ID token');
token(exp => time - 1);
refused(qr/${denied}.*has expired/, 'an expired token');
token(exp => undef);
refused(qr/${denied}.*has no expiry/, 'one that never ends');
token(nbf => time + 600);
refused(qr/${denied}.*not valid yet/, 'one of tomorrow');
token(sub => undef);
refused(qr/${denied}.*names no user/, 'nobody\'s');
token('' => { sign_with => 'other' });
refused(qr/${denied}.*signature does not match/, 'one that another key signed');
token('' => { header => { kid => 'other' } });
refused(qr/${denied}.*No trusted key fits/, 'one of an unknown key');
token('' => { header => { kid => undef } });
refused(qr/${denied}/, 'one whose kid is no text');
token('' => { header => { alg => 'HS256' } });
refused(qr/${denied}/, 'one of another algorithm');
token('' => { header => { alg => 'none' } });
refused(qr/${denied}.*asks for something that is not supported/, 'one of none');
token('' => { header => { crit => ['x'], x => 1 } });
refused(qr/${denied}.*asks for something that is not supported/, 'one that wants more than we know');
token(sub => 'eve');
refused(qr/no match in usermap "people" for user "app" authenticated as "eve"/, 'a user whom pg_ident.conf does not know');

# --- settings

sub set
{
	my (%settings) = @_;
	$node->safe_psql('postgres', join ';', map { defined $settings{$_} ? "ALTER SYSTEM SET session_auth.oauth_$_ = '$settings{$_}'" : "ALTER SYSTEM RESET session_auth.oauth_$_" } ($_)) foreach keys %settings;
	$node->reload;
	foreach my $name (keys %settings)
	{
		next if !defined $settings{$name};
		$node->poll_query_until('postgres', "SELECT current_setting('session_auth.oauth_$name') = '$settings{$name}' FROM session_auth.is_authenticated()") or die $name;
	}
	return;
}
token(iat => time);
set(required_claims => '{"tid": "t1"}');
refused(qr/${denied}.*lacks a claim.*"tid"/, 'a claim that is required is missing');
token(iat => time, tid => 't1');
is(as_login('SELECT session_auth.user_id()'), 'alice', '… and with it all is well');
set(required_claims => '{}', user_claim => 'email', scopes => 'db.read', role_claim => 'groups');
token(iat => time, email => "zo\x{eb}\@example.com", name => "Zo\x{eb}", scope => undef, scp => [ 'db.read' ], groups => [ 'ADMIN' ]);
is(as_login('SELECT session_auth.user_id(), session_auth.roles(), count(*) FROM accounts'), "zo\xc3\xab\@example.com|{ADMIN}|3", 'another claim says who it is, another which roles, another list has scopes');
token(iat => time);
set(user_claim => undef, scopes => undef, role_claim => undef, issuer => 'https://elsewhere.example');
refused(qr/${denied}.*issuer is not the key's/, 'an issuer that the setting names');
token(iat => time, iss => 'https://elsewhere.example');
is(as_login('SELECT session_auth.user_id()'), 'alice', '… is the one whose tokens are taken');
set(issuer => undef);
token(iat => time);

# A file that is no key set refuses all.
my $good = slurp_file("$dir/keys.json");
sub keys_are { my ($content) = @_; unlink "$dir/keys.json"; append_to_file("$dir/keys.json", $content) if defined $content; return }
foreach ([ undef, 'no file' ], [ '', 'an empty file' ], [ 'x', 'a file that is no JSON' ], [ '{"keys": 1}', 'one that is no set' ], [ '[]', 'a list' ])
{
	keys_are($_->[0]);
	refused(qr/${denied}.*No key or secret is set up.*session_auth\.oauth_key_file/, "$_->[1] refuses all");
}
keys_are('{"keys": []}');
refused(qr/${denied}/, 'a set without keys');
keys_are('{"keys": [{"kty": "oct", "kid": "key", "k": "' . ('A' x 64) . '", "alg": "HS256"}]}');
token(iat => time, '' => { header => { alg => 'HS256' } });
refused(qr/${denied}.*No trusted key fits/, 'a secret in the set is passed over');
keys_are($good);
token(iat => time);
is(as_login('SELECT session_auth.user_id()'), 'alice', 'the file is read anew for each login');
set(audience => '');
refused(qr/${denied}.*No key or secret is set up.*oauth_audience/, 'without an audience nobody is let in');
set(audience => 'postgres', key_file => '');
refused(qr/${denied}.*No key or secret is set up.*oauth_key_file/, '… and without a file');
set(key_file => "$dir/keys.json");
unlink $node->data_dir . '/pg_hba.conf';
listen_with('delegate_ident_mapping=1');
$node->reload;
refused(qr/${denied}.*No key or secret is set up.*delegate_ident_mapping/, 'delegate_ident_mapping is not what we do');

$node->stop;
kill 'KILL', $pid;
close $issuer;
undef $pid;
done_testing();
