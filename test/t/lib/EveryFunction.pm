# Every function of the extension in a statement or two, each of which answers the
# same whenever it is asked, and a database for them to be asked in.
package EveryFunction;

use strict;
use warnings;
use Exporter 'import';
use SessionAuth;

our @EXPORT = qw(prepare_everything every_statement);

my (%pem, %statements);

# Fills database postgres, which has nothing in it yet.
sub prepare_everything
{
	my ($node) = @_;
	foreach ([ 'rsa', 'RSA', '-pkeyopt rsa_keygen_bits:2048' ], [ 'ec', 'EC', '-pkeyopt ec_paramgen_curve:P-256' ], [ 'ed', 'ED25519', '' ])
	{
		my ($name, $algorithm, $options) = @$_;
		$pem{$name} = `openssl genpkey -algorithm $algorithm $options 2>/dev/null`;
	}
	add_extension($node);
	$node->safe_psql('postgres', qq{
		CREATE EXTENSION pgcrypto;
		SET client_min_messages = warning;
		ALTER DATABASE postgres SET session_auth.rotation_grace = '1h';
		SELECT session_auth.import_permissions('{"ADMIN": ["edit:*", "view:project:*", "!edit:vault"], "OWNER": ["*:home"]}'), session_auth.create_role('CHIEF', '{ADMIN,USER}');
		SELECT session_auth.grant_role('carol', 'CHIEF'), session_auth.grant_role('carol', 'OWNER', 'acme');
		SELECT session_auth.add_key('HS256', 'HS256', 'a secret of more than thirty-two bytes'), session_auth.add_key('RS256', 'RS256', '$pem{rsa}'), session_auth.add_key('PS256', 'PS256', '$pem{rsa}'),
		       session_auth.add_key('ES256', 'ES256', '$pem{ec}'), session_auth.add_key('EdDSA', 'EdDSA', '$pem{ed}');
		SELECT session_auth.add_authjs_secret('a secret of Auth.js'), session_auth.add_cookie_secret('express', 'a secret of express'), session_auth.add_cookie_secret('better-auth', 'a secret of better-auth');
		CREATE TABLE public.accounts (id int PRIMARY KEY, owner text, org text, project text);
		INSERT INTO public.accounts SELECT n, (ARRAY['alice', 'bob'])[n % 2 + 1], 'acme', 'project:' || n FROM generate_series(1, 10) n;
		SELECT session_auth.protect_table('accounts', owner_column => 'owner');
		CREATE TABLE public.projects AS SELECT * FROM accounts;
		ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY;
		CREATE POLICY readers ON public.projects USING (session_auth.has_permission('view', project) OR session_auth.has_permission(session_auth.role(), 'view', project));
		GRANT ALL ON public.accounts, public.projects TO app;
		CREATE TABLE public.logins (token text PRIMARY KEY, person text, until timestamptz);
		INSERT INTO public.logins VALUES ('6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de', 'dora', '2100-01-01');
		CREATE TABLE public.people (id text PRIMARY KEY, role text);
		INSERT INTO public.people VALUES ('dora', 'USER');
		CREATE TABLE public.things (id int, owner text, org text);
		CREATE TABLE public.tokens (name text PRIMARY KEY, token text);
		INSERT INTO public.tokens SELECT u, (session_auth.create_session(u, metadata => '{"device": "x"}')).token FROM unnest('{alice,bob,carol}'::text[]) u;
		INSERT INTO public.tokens SELECT a, session_auth.issue_token('alice', '1 day', '{"role": "ADMIN", "roles": ["x"], "name": "\\u00c5sa", "deep": {"a": [1, 2.5e3, null, true]}}', a) FROM unnest('{HS256,RS256,PS256,ES256,EdDSA}'::text[]) a;
		INSERT INTO public.tokens SELECT 'rotated', (session_auth.create_session('bob')).token;
		SELECT session_auth.rotate_session((SELECT token FROM public.tokens WHERE name = 'rotated'));
		INSERT INTO public.tokens SELECT 'express', 's:sid-of-alice-0123456789.' || rtrim(encode(hmac('sid-of-alice-0123456789', 'a secret of express', 'sha256'), 'base64'), '=');
		SELECT session_auth.create_session('alice', token => 'sid-of-alice-0123456789');
		INSERT INTO public.tokens SELECT 'better-auth', t.token || '.' || encode(hmac(t.token, 'a secret of better-auth', 'sha256'), 'base64') FROM public.tokens t WHERE t.name = 'alice';
		INSERT INTO public.tokens VALUES ('lucia', 'luciasessionid.' || encode(sha256('lucia'), 'base64'));
		SELECT session_auth.create_session('alice', token => (SELECT token FROM public.tokens WHERE name = 'lucia'));
		SELECT session_auth.allow_audience('far');
		CREATE EXTENSION postgres_fdw;
		CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
		CREATE ROLE stranger; CREATE ROLE signin; CREATE ROLE chief; SELECT session_auth.grant_usage('signin', 'issuer'), session_auth.grant_usage('chief', 'admin');
		GRANT USAGE ON FOREIGN SERVER far TO chief;
		GRANT EXECUTE ON FUNCTION session_auth.verify_session(text, text) TO signin;
	});
	$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION token(text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT token FROM public.tokens WHERE name = $1';
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'none';
EXCEPTION WHEN object_not_in_prerequisite_state OR invalid_parameter_value THEN
	RETURN SQLERRM;
END $$;
INSERT INTO public.tokens SELECT 'narrowed', (session_auth.create_session('carol', permissions => '{edit:project:*,view:accounts}')).token;
-- Auth.js v5's cookie: RFC 5869, 7516, 7518
CREATE FUNCTION base64url(bytea) RETURNS text LANGUAGE sql AS
  $$SELECT translate(rtrim(replace(encode($1, 'base64'), E'\n', ''), '='), '+/', '-_')$$;
CREATE FUNCTION content_key(prk bytea, info bytea) RETURNS bytea LANGUAGE sql AS
  $$SELECT t || hmac(t || info || '\x02', prk, 'sha256') FROM hmac(info || '\x01', prk, 'sha256') t$$;
CREATE FUNCTION jwe(aad text, payload bytea, key bytea, iv bytea) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws('.', aad, '', base64url(iv), base64url(c),
    base64url(substr(hmac(aad::bytea || iv || c || int8send(length(aad) * 8), substr(key, 1, 32), 'sha512'), 1, 32)))
  FROM encrypt_iv(payload, substr(key, 33), iv, 'aes-cbc/pad:pkcs') c
$$;
INSERT INTO tokens SELECT 'authjs', jwe(base64url('{"alg":"dir","enc":"A256CBC-HS512"}'), '{"sub": "alice", "role": "ADMIN", "exp": 4102444800}',
  content_key(hmac('a secret of Auth.js', 'authjs.session-token', 'sha256'), 'Auth.js Generated Encryption Key (authjs.session-token)'), gen_random_bytes(16));
SQL
	return;
}

# By the database role that may say them: names and statements. The role app has
# authenticated as alice in the transaction before.
sub every_statement
{
	return %statements if %statements;
	my $jwk = '{"keys": [{"kty":"OKP","crv":"Ed25519","kid":"far","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}';
	my @request = (
		[ 'has_permission, of a role', q{SELECT session_auth.has_permission('CHIEF', 'edit', 'project:1') || '' || session_auth.has_permission('CHIEF', 'edit', 'vault')} ],
		[ 'has_permission', q{SELECT session_auth.has_permission('view', 'accounts')} ],
		[ 'has_role, roles, claims', q{SELECT concat_ws(' ', session_auth.is_authenticated(), session_auth.has_role('USER'), session_auth.role(), session_auth.roles(), session_auth.user_id(), session_auth.tenant(), session_auth.actor(), session_auth.user_uuid(), session_auth.claim('device'), session_auth.claims() - '{exp,iat,sid}'::text[], session_auth.session_id() IS NOT NULL)} ],
		[ 'user_id_as, tenant_as', q{SELECT concat_ws(' ', session_auth.user_id_as(NULL::text), session_auth.user_id_as(NULL::bigint), session_auth.tenant_as(NULL::text))} ],
		[ 'demand_permission', q{SELECT session_auth.demand_permission('view', 'accounts')} ],
		[ 'require_permission', q{SELECT session_auth.require_permission('view', 'accounts')} ],
		[ 'permitted_resources', q{SELECT session_auth.permitted_resources('ADMIN', 'edit')} ],
		[ 'a table under the written policies', q{SELECT count(*) FROM accounts} ],
		[ 'a table under policies for each row', q{SELECT count(*) FROM projects WHERE id > 3} ],
		[ 'an UPDATE under policies', q{WITH u AS (UPDATE accounts SET org = 'x' RETURNING id) SELECT count(*) FROM u} ],
		[ 'narrow, which a savepoint could undo', q{SELECT refusal($$SELECT session_auth.narrow('{view:accounts}')$$)} ],
		[ 'a token of less', q{SELECT concat_ws(' ', user_id, session_auth.has_permission('edit', 'project:1'), session_auth.has_permission('CHIEF', 'edit', 'home'), session_auth.permitted_resources('ADMIN', 'edit')) FROM session_auth.authenticate(token('narrowed'))} ],
		[ 'deauthenticate', q{SELECT session_auth.deauthenticate()} ],
		[ 'my_sessions', q{SELECT string_agg(metadata::text || current, ',' ORDER BY current, metadata::text) FROM session_auth.my_sessions()} ],
		[ 'sign_out', q{SELECT session_auth.sign_out()} ],
		[ 'sign_out of others', q{SELECT session_auth.sign_out('others')} ],
		[ 'token_from_cookie', q{SELECT session_auth.token_from_cookie('a=b; authjs.session-token.0=x; authjs.session-token.1=y') }],
		[ 'authenticate_request', q{SELECT user_id || kind FROM session_auth.authenticate_request('a=b; authjs.session-token=' || token('authjs'), NULL), LATERAL (SELECT session_auth.claims()::text AS kind) c} ],
		[ 'pre_request', q{SELECT session_auth.pre_request() FROM set_config('request.cookies', '', true) c, set_config('request.headers', '{"authorization": "Bearer ' || token('HS256') || '"}', true) h} ],
		(map { [ "authenticate, $_", "SELECT user_id || roles::text FROM session_auth.authenticate(token('$_'), tenant => 'acme')" ] } qw(alice carol HS256 RS256 PS256 ES256 EdDSA authjs express rotated)),
		[ 'seal_identity', q{SELECT length(split_part(session_auth.seal_identity('far'), '.', 1))} ],
		[ 'authenticate for the connection', q{SELECT user_id || roles::text FROM session_auth.authenticate(token('bob'), 'connection')} ],
	);
	my @issuer = (
		(map { [ "verify_session, $_", "SELECT user_id || roles::text || kind || (claims - '{exp,iat,sid}'::text[]) FROM session_auth.verify_session(token('$_'), 'acme')" ] } qw(carol HS256 ES256 authjs express)),
		[ 'verify_session of what is no token', q{SELECT count(*) FROM session_auth.verify_session('sat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')} ],
		[ 'create_session', q{SELECT length(token) FROM session_auth.create_session('erna', '1 hour', metadata => '{"a": [1, {"b": null}]}')} ],
		[ 'create_session, narrowed', q{SELECT length(token) FROM session_auth.create_session('erna', '1 hour', permissions => '{view:accounts,*:project:*}')} ],
		[ 'refresh_session', q{SELECT session_auth.refresh_session(token('alice')) > now()} ],
		[ 'rotate_session', q{SELECT length(token) FROM session_auth.rotate_session(token('alice'))} ],
		[ 'expire_session', q{SELECT session_auth.expire_session(token('alice'))} ],
		[ 'expire_user_sessions', q{SELECT session_auth.expire_user_sessions('alice')} ],
		[ 'list_sessions', q{SELECT count(*) FROM session_auth.list_sessions('alice')} ],
		[ 'purge_sessions', q{SELECT session_auth.purge_sessions()} ],
		(map { [ "issue_token, $_", "SELECT split_part(session_auth.issue_token('alice', '5 minutes', '{\"x\": \"y\"}', '$_'), '.', 1)" ] } qw(HS256 RS256 ES256 EdDSA)),
	);
	my @admin = (
		[ 'explain_permission', q{SELECT (session_auth.explain_permission('CHIEF', 'edit', 'vault'))::text} ],
		[ 'list_permissions', q{SELECT count(*) FROM session_auth.list_permissions()} ],
		[ 'create_role, inherit_role, drop_role', q{SELECT concat(session_auth.create_role('NEW', '{ADMIN}'), session_auth.inherit_role('NEW', 'USER'), session_auth.disinherit_role('NEW', 'ADMIN'), session_auth.drop_role('NEW'))} ],
		[ 'grant, deny and revoke_permission', q{SELECT concat(session_auth.grant_permission('USER', 'a', 'b'), session_auth.deny_permission('USER', 'a', 'c:*'), session_auth.revoke_permission('USER', 'a', 'b'))} ],
		[ 'a change that is seen at once', q{SELECT concat(session_auth.grant_permission('USER', 'a', 'b'), session_auth.has_permission('USER', 'a', 'b'))} ],
		[ 'import and export_permissions', q{SELECT session_auth.import_permissions('{"USER": ["x:y", "!x:z"], "MORE": []}') || session_auth.export_permissions()::text} ],
		[ 'grant and revoke_role', q{SELECT concat(session_auth.grant_role('zoe', 'USER'), session_auth.grant_role('zoe', 'ADMIN', 'acme'), session_auth.revoke_role('zoe', 'USER'))} ],
		[ 'list_user_roles', q{SELECT string_agg(concat_ws(' ', user_id, role, tenant), ',' ORDER BY user_id, role, tenant) FROM session_auth.list_user_roles()} ],
		[ 'audiences', q{SELECT concat(session_auth.allow_audience('near'), session_auth.disallow_audience('far'), (SELECT count(*) FROM session_auth.list_audiences()))} ],
		[ 'nodes', q{SELECT concat(session_auth.connect_node('far'), session_auth.disconnect_node('far'), (SELECT count(*) FROM session_auth.list_nodes()))} ],
		[ 'impersonate', q{SELECT user_id || roles::text FROM session_auth.impersonate('carol', reason => 'a test')} ],
		(map { [ "add_key, $_->[0]", "SELECT session_auth.add_key('new', '$_->[0]', '$_->[1]', 'https://i', '{a,b}')" ] } [ 'HS512', 'a secret of more than sixty-four bytes, which takes a longer text than this' ], [ 'RS256', $pem{rsa} ], [ 'ES256', $pem{ec} ], [ 'EdDSA', $pem{ed} ]),
		[ 'import_jwks', qq{SELECT session_auth.import_jwks('https://far', '$jwk')} ],
		[ 'disable and drop_key', q{SELECT concat(session_auth.disable_key('HS256'), session_auth.drop_key('RS256'))} ],
		[ 'access_matrix', q{SELECT string_agg(concat_ws(' ', role, action, allowed), ',' ORDER BY object::text, resource, action, role) FROM session_auth.access_matrix()} ],
		[ 'explain_access', q{SELECT count(*) > 0 FROM session_auth.explain_access('public.accounts', 'view', 'alice', '{"id": 1}')} ],
		[ 'list_protected', q{SELECT count(*) FROM session_auth.list_protected()} ],
		[ 'list_secrets', q{SELECT string_agg(kind || coalesce(array_to_string(names, ' '), ''), ',' ORDER BY kind) FROM session_auth.list_secrets()} ],
		[ 'list_keys', q{SELECT string_agg(kid || fingerprint, ',' ORDER BY kid) FROM session_auth.list_keys()} ],
		[ 'secrets of cookies', q{SELECT concat(session_auth.add_authjs_secret('another secret'), session_auth.drop_authjs_secret('a secret of Auth.js'), session_auth.add_cookie_secret('express', 'one more'), session_auth.drop_cookie_secret('express', 'one more'))} ],
		[ 'statistics', q{SELECT live_sessions > 0 FROM session_auth.statistics} ],
		[ 'active_identities', q{SELECT count(*) FILTER (WHERE pid = 0) FROM session_auth.active_identities} ],
		[ 'list_usages', q{SELECT string_agg(replace(database_role::text, '"', '') || usage, ',' ORDER BY usage, database_role::oid::text) FROM session_auth.list_usages()} ],
		[ 'revoke_token', q{SELECT session_auth.revoke_token('j-2', 'https://i', now() + interval '1 day')} ],
	);
	my @owner = (
		[ 'protect and unprotect_table', q{SELECT concat(session_auth.protect_table('things', owner_column => 'owner', tenant_column => 'org'), session_auth.unprotect_table('things'))} ],
		[ 'protect and unprotect_columns', q{SELECT refusal($$SELECT session_auth.protect_columns('public.accounts', '{project}')$$) || coalesce(refusal($$SELECT session_auth.unprotect_columns('public.accounts')$$), 'none')} ],
		[ 'check_policies', q{SELECT count(*) FROM session_auth.check_policies()} ],
		[ 'adopt_sessions and abandon', q{SELECT concat(session_auth.adopt_sessions('logins', 'token', 'person', 'until'), session_auth.abandon('logins'))} ],
		[ 'list_adoptions', q{SELECT count(*) FROM session_auth.list_adoptions()} ],
		[ 'adopt_roles, a change, and abandon', q{WITH a AS (SELECT session_auth.adopt_roles('people', 'id', 'role') AS n) SELECT concat(n, session_auth.abandon('people')) FROM a} ],
		[ 'grant and revoke_usage', q{SELECT concat(session_auth.grant_usage('stranger', 'admin'), session_auth.revoke_usage('stranger', 'admin'))} ],
	);
	%statements = (app => \@request, signin => \@issuer, chief => \@admin, postgres => \@owner);
	return %statements;
}

1;
