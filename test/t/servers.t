# What docs/servers.md says of Supabase and Hasura, as far as it can be had without them: its SQL is typed, and tokens of
# the shapes that they issue are verified in transactions as they make them. test/servers/run tries PostGraphile itself.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(decode_base64 encode_base64url);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;
use Frameworks;

my $node = new_server('servers');
my $secret = 'a secret of this run, longer than thirty-two bytes';
my $shops = Frameworks->new($node, $secret);
$shops->{page} = slurp_file('docs/servers.md');
my $ada = '5f3c1b52-9a5e-4a0b-8a53-6f0d1c2b3a49';

# A JWT under the secret, of these claims.
sub signed
{
	my ($claims) = @_;
	my $end = time + 3600;
	my $signed = join('.', map { encode_base64url($_) } '{"alg":"HS256","typ":"JWT"}', $claims =~ s/\}$/,"exp":$end}/r);
	return "$signed." . encode_base64url(hmac_sha256($signed, $secret));
}

sub new_database
{
	my ($name, $roles) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, qq{
		CREATE EXTENSION session_auth;
		$roles;
		CREATE TABLE accounts (id int, name text, holder_id uuid, tenant text);
		INSERT INTO accounts VALUES (1, 'Savings', '$ada', 'acme'), (2, 'Rent', gen_random_uuid(), 'acme'), (3, 'Travel', '$ada', 'other');
		SELECT session_auth.import_permissions('{"USER": ["view:accounts"], "ADMIN": ["*:*"]}');
		SELECT session_auth.protect_table('accounts', owner_column => 'holder_id', tenant_column => 'tenant')});
	return;
}

# ----------------------------------------------------------------------- Supabase

new_database('app', 'CREATE ROLE authenticator LOGIN NOINHERIT; CREATE ROLE anon; CREATE ROLE authenticated; GRANT anon, authenticated TO authenticator');
$node->safe_psql('app', 'GRANT SELECT ON accounts TO anon, authenticated');

# Its sign-in is a database of its own here, which has the private key.
my $dir = $shops->typed('Supabase');
run_command([ 'openssl', 'genpkey', '-algorithm', 'ed25519', '-out', "$dir/key.pem" ]);
my ($public) = run_command([ 'openssl', 'pkey', '-in', "$dir/key.pem", '-pubout' ]);
my ($base64) = $public =~ /-----\n(.*)\n-----/s;
my $x = encode_base64url(substr(decode_base64($base64), -32));
my $key = slurp_file("$dir/key.pem");
$node->safe_psql('postgres', qq{
	CREATE EXTENSION session_auth;
	SELECT session_auth.add_key('s1', 'EdDSA', '$key', issuer => 'https://shop.example/auth/v1', audiences => '{authenticated}')});

sub of_supabase
{
	my ($claims) = @_;
	return $node->safe_psql('postgres', "SELECT session_auth.issue_token('$ada', '1 hour', '$claims')");
}

$shops->set_up('app', "$dir/supabase.sql", qq(jwks={"keys":[{"kty":"OKP","crv":"Ed25519","kid":"s1","alg":"EdDSA","x":"$x"}]}));
is($node->safe_psql('app', q{SELECT setconfig[1] FROM pg_db_role_setting WHERE setrole = 'authenticator'::regrole}), 'pgrst.db_pre_request=session_auth.pre_request', 'PostgREST is told what to call first');

# A request as PostgREST makes it, whose Authorization header holds this token.
sub as_postgrest
{
	my ($role, $token, $sql) = @_;
	my $headers = $token ? qq({"authorization": "Bearer $token"}) : '{}';
	my ($status, $out, $err) = $node->psql('app', qq{
		BEGIN READ ONLY;
		SELECT set_config('role', '$role', true), set_config('request.headers', '$headers', true), set_config('request.jwt.claims', '{"sub": "somebody else"}', true) \\g /dev/null
		SELECT session_auth.pre_request() \\g /dev/null
		$sql;
		COMMIT}, connstr => $node->connstr('app') . ' user=authenticator');
	return $status ? $err : $out;
}

my $names = q{SELECT string_agg(name, ' ' ORDER BY id) FROM accounts};
my $token = of_supabase('{"role": "authenticated", "app_metadata": {"roles": ["USER"], "tenants": ["acme"]}, "user_metadata": {"roles": ["ADMIN"]}}');
is(as_postgrest('authenticated', $token, $names), 'Savings', 'her accounts, in the tenant of her token');
is(as_postgrest('authenticated', $token, q{SELECT session_auth.user_uuid(), session_auth.roles(), session_auth.tenant()}), "$ada|{USER}|acme", 'who she is: neither the setting nor her own metadata says it');
is(as_postgrest('authenticated', $token, q{SELECT session_auth.claim('role')}), 'authenticated', "a claim of hers, PostgREST's role among them");
is(as_postgrest('anon', signed('{"iss":"supabase","ref":"abc","role":"anon"}'), $names), '', 'the anon key is nobody');
is(as_postgrest('anon', undef, $names), '', 'so is no token');
my $several = of_supabase('{"app_metadata": {"roles": ["USER"], "tenants": ["acme", "other"]}}');
is(as_postgrest('authenticated', $several, $names), '', 'a token of several tenants has to ask for one');
is($node->safe_psql('app', "SELECT user_id FROM session_auth.authenticate('$several', tenant => 'other')"), $ada, 'which authenticate can');
$node->safe_psql('app', "SELECT session_auth.expire_user_sessions('$ada')");
is(as_postgrest('authenticated', $token, $names), '', 'expire_user_sessions ends her access token');

# ------------------------------------------------------------------------- Hasura

new_database('hasura', 'CREATE ROLE app LOGIN');
$node->safe_psql('hasura', q{GRANT SELECT ON accounts TO app; SELECT session_auth.grant_usage('app', 'request')});
$dir = $shops->typed('Hasura');
$shops->set_up('hasura', "$dir/$_") foreach 'hasura.sql', 'hasura_keys.sql';
my $of_hasura = signed(qq({"iss":"https://shop.example/","sub":"auth0|7","https://hasura.io/jwt/claims":{"x-hasura-user-id":"$ada","x-hasura-default-role":"USER","x-hasura-allowed-roles":["USER","OTHER"],"x-hasura-org-id":"acme"}}));

sub as_hasura
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('hasura', "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; $sql; COMMIT", connstr => $node->connstr('hasura') . ' user=app');
	return $status ? $err : $out;
}

is(as_hasura("SELECT user_id, roles, tenant FROM session_auth.authenticate('$of_hasura')"), "$ada|{USER,OTHER}|acme", 'its claims say who she is');
is(as_hasura(qq{SELECT string_agg(name, ' ') FROM my_accounts('{"x-hasura-role": "USER", "x-hasura-session-token": "$of_hasura"}')}), 'Savings', 'a tracked function has her accounts');
like(as_hasura(q{SELECT * FROM my_accounts('{"x-hasura-session-token": "made up"}')}), qr/invalid or expired session token/, 'and none for a token that is made up');
is(as_hasura(qq{SET LOCAL "hasura.user" = '{"x-hasura-user-id": "$ada"}'; $names}), '', 'its own setting says nothing');
unlike(as_hasura("SELECT user_id FROM session_auth.authenticate('" . signed(qq({"iss":"https://shop.example/","https://hasura.io/jwt/claims":"{\\"x-hasura-user-id\\":\\"$ada\\"}"})) . "')"), qr/\Q$ada/, 'claims that are a text of JSON are not read');

$node->stop;
done_testing();
