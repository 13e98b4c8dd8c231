# Every call of the extension that can fail does, once: memory runs out, OpenSSL
# fails, a cancel comes. What must hold: an error of that kind or none, nothing
# half done, the same identity as before, and the same answer when it is asked again.
#
# test/faults/faults.c counts the calls, in a build of the extension of its own;
# here each statement is tried with its first call failing, its second, and so on.
use strict;
use warnings;
use Cwd qw(abs_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use OwnInstallation;
use SessionAuth;

my $dir = abs_path(PostgreSQL::Test::Utils::tempdir());
system("mkdir $dir/build && tar --create --exclude='*.o' Makefile session_auth.control src sql test/faults | tar --extract --directory=$dir/build") == 0
	or BAIL_OUT('cannot copy the source');
{
	local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
	delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
	my $out = `make --silent -j2 --directory=$dir/build --file=test/faults/faults.mk 2>&1`;
	BAIL_OUT("the build with faults failed: $out") if $?;
}
my $installation = OwnInstallation->new("$dir/installation");
$installation->install('session_auth.so', slurp_file("$dir/build/session_auth.so"));

my $node = PostgreSQL::Test::Cluster->new('faults', install_path => $installation->path);
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\n");
$node->start;
add_extension($node);

# ------------------------------------------------------------------- what is tried on

my %pem;
foreach (['rsa', 'RSA', 'rsa_keygen_bits:2048'], ['ec', 'EC', 'ec_paramgen_curve:P-256'], ['ed', 'ED25519'])
{
	my ($name, $algorithm, $option) = @$_;
	$pem{$name} = `openssl genpkey -algorithm $algorithm @{[ $option ? "-pkeyopt $option" : '' ]} 2>/dev/null`;
}
my ($jwk) = $node->safe_psql('postgres', q{SELECT '{"keys": [{"kty":"OKP","crv":"Ed25519","kid":"far","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'});

$node->safe_psql('postgres', qq{
	CREATE EXTENSION pgcrypto;
	SET client_min_messages = warning;
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
});
# Auth.js v5's cookie (RFC 5869, 7516, 7518), and the harness.
$node->safe_psql('postgres', <<'SQL');
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

CREATE FUNCTION fault_arm(kind text, n bigint) RETURNS void LANGUAGE c AS 'session_auth', 'session_auth_fault_arm';
CREATE FUNCTION fault_came() RETURNS boolean LANGUAGE c AS 'session_auth', 'session_auth_fault_came';
CREATE FUNCTION token(text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT token FROM public.tokens WHERE name = $1';
-- what was remembered is forgotten
CREATE FUNCTION cold() RETURNS void LANGUAGE sql AS $$
  DELETE FROM session_auth.permissions WHERE false;
  DELETE FROM session_auth.user_roles WHERE false;
  DELETE FROM session_auth.keys WHERE false;
  DELETE FROM session_auth.revoked_tokens WHERE false;
$$;

-- What a statement answers as somebody (a database role), with the nth call of a
-- kind failing; all that it does is undone. fault is NULL when no nth call came.
CREATE FUNCTION answer(who text, statement text, kind text, n bigint, OUT answer text, OUT code text, OUT fault boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cold();
  BEGIN
    EXECUTE format('SET LOCAL ROLE %I', who);
    PERFORM fault_arm(kind, n);
    EXECUTE statement INTO answer;
    fault := fault_came();
    RAISE SQLSTATE 'UNDO0';
  EXCEPTION
    WHEN SQLSTATE 'UNDO0' THEN code := 'none';
    WHEN query_canceled OR others THEN code := SQLSTATE; fault := fault_came();
  END;
END
$$;

-- One line about a statement: how many calls failed, with which errors, and what was wrong.
CREATE FUNCTION try(who text, statement text, kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  plain record := answer(who, statement, kind, 0);
  tried record;
  identity text := session_auth.user_id();
  codes text[] := '{}';
  wrong text := '';
  n bigint := 0;
BEGIN
  IF plain.code <> 'none' THEN RETURN 'it fails by itself: ' || plain.code; END IF;
  LOOP
    tried := answer(who, statement, kind, n + 1);
    EXIT WHEN NOT tried.fault;
    n := n + 1;
    codes := codes || tried.code;
    -- a token that could not be verified for want of OpenSSL is no good token
    IF tried.code = 'none' AND tried.answer IS DISTINCT FROM plain.answer AND NOT (kind = 'crypto' AND tried.answer IS NULL) THEN
      wrong := wrong || format(' fault %s: %s instead of %s;', n, tried.answer, plain.answer);
    END IF;
    IF session_auth.user_id() IS DISTINCT FROM identity THEN
      wrong := wrong || format(' fault %s: the identity is %s;', n, session_auth.user_id());
    END IF;
    tried := answer(who, statement, kind, 0);
    IF (tried.answer, tried.code) IS DISTINCT FROM (plain.answer, plain.code) THEN
      wrong := wrong || format(' after fault %s: %s, %s instead of %s;', n, tried.code, tried.answer, plain.answer);
    END IF;
  END LOOP;
  RETURN format('%s faults: %s%s', n, (SELECT string_agg(DISTINCT c, ',' ORDER BY c) FROM unnest(codes) c), wrong);
END
$$;
SQL

# ---------------------------------------------------------------------------- the trials

# Names a statement; each returns what is the same each time. %T(x) is a token.
my @request = (
	[ 'has_permission, of a role', q{SELECT session_auth.has_permission('CHIEF', 'edit', 'project:1') || '' || session_auth.has_permission('CHIEF', 'edit', 'vault')} ],
	[ 'has_permission', q{SELECT session_auth.has_permission('view', 'accounts')} ],
	[ 'has_role, roles, claims', q{SELECT concat_ws(' ', session_auth.has_role('USER'), session_auth.role(), session_auth.roles(), session_auth.user_id(), session_auth.tenant(), session_auth.actor(), session_auth.user_uuid(), session_auth.claim('device'), session_auth.claims() - '{exp,iat,sid}'::text[], session_auth.session_id() IS NOT NULL)} ],
	[ 'require_permission', q{SELECT session_auth.require_permission('view', 'accounts')} ],
	[ 'permitted_resources', q{SELECT session_auth.permitted_resources('ADMIN', 'edit')} ],
	[ 'a table under the written policies', q{SELECT count(*) FROM accounts} ],
	[ 'a table under policies for each row', q{SELECT count(*) FROM projects WHERE id > 3} ],
	[ 'an UPDATE under policies', q{WITH u AS (UPDATE accounts SET org = 'x' RETURNING id) SELECT count(*) FROM u} ],
	[ 'deauthenticate', q{SELECT session_auth.deauthenticate()} ],
	[ 'my_sessions', q{SELECT string_agg(metadata::text || current, ',' ORDER BY current, metadata::text) FROM session_auth.my_sessions()} ],
	[ 'sign_out', q{SELECT session_auth.sign_out()} ],
	[ 'sign_out of others', q{SELECT session_auth.sign_out('others')} ],
	[ 'token_from_cookie', q{SELECT session_auth.token_from_cookie('a=b; authjs.session-token.0=x; authjs.session-token.1=y') }],
	[ 'authenticate_request', q{SELECT user_id || kind FROM session_auth.authenticate_request('a=b; authjs.session-token=' || token('authjs'), NULL), LATERAL (SELECT session_auth.claims()::text AS kind) c} ],
	[ 'pre_request', q{SELECT session_auth.pre_request() FROM set_config('request.cookies', '', true) c, set_config('request.headers', '{"authorization": "Bearer ' || token('HS256') || '"}', true) h} ],
	(map { [ "authenticate, $_", "SELECT user_id || roles::text FROM session_auth.authenticate(token('$_'), tenant => 'acme')" ] } qw(alice carol HS256 RS256 PS256 ES256 EdDSA authjs express rotated)),
	[ 'authenticate for the connection', q{SELECT user_id || roles::text FROM session_auth.authenticate(token('bob'), 'connection')} ],
);
my @issuer = (
	(map { [ "verify_session, $_", "SELECT user_id || roles::text || kind || (claims - '{exp,iat,sid}'::text[]) FROM session_auth.verify_session(token('$_'), 'acme')" ] } qw(carol HS256 ES256 authjs express)),
	[ 'verify_session of what is no token', q{SELECT count(*) FROM session_auth.verify_session('sat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')} ],
	[ 'create_session', q{SELECT length(token) FROM session_auth.create_session('erna', '1 hour', metadata => '{"a": [1, {"b": null}]}')} ],
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
	[ 'impersonate', q{SELECT user_id || roles::text FROM session_auth.impersonate('carol', reason => 'a test')} ],
	(map { [ "add_key, $_->[0]", "SELECT session_auth.add_key('new', '$_->[0]', '$_->[1]', 'https://i', '{a,b}')" ] } [ 'HS512', 'a secret of more than sixty-four bytes, which takes a longer text than this' ], [ 'RS256', $pem{rsa} ], [ 'ES256', $pem{ec} ], [ 'EdDSA', $pem{ed} ]),
	[ 'import_jwks', qq{SELECT session_auth.import_jwks('https://far', '$jwk')} ],
	[ 'disable and drop_key', q{SELECT concat(session_auth.disable_key('HS256'), session_auth.drop_key('RS256'))} ],
	[ 'list_keys', q{SELECT string_agg(kid || fingerprint, ',' ORDER BY kid) FROM session_auth.list_keys()} ],
	[ 'secrets of cookies', q{SELECT concat(session_auth.add_authjs_secret('another secret'), session_auth.drop_authjs_secret('a secret of Auth.js'), session_auth.add_cookie_secret('express', 'one more'), session_auth.drop_cookie_secret('express', 'one more'))} ],
	[ 'revoke_token', q{SELECT session_auth.revoke_token('j-2', 'https://i', now() + interval '1 day')} ],
);
my @owner = (
	[ 'protect and unprotect_table', q{SELECT concat(session_auth.protect_table('things', owner_column => 'owner', tenant_column => 'org'), session_auth.unprotect_table('things'))} ],
	[ 'check_policies', q{SELECT count(*) FROM session_auth.check_policies()} ],
	[ 'adopt_sessions and abandon', q{SELECT concat(session_auth.adopt_sessions('logins', 'token', 'person', 'until'), session_auth.abandon('logins'))} ],
	[ 'adopt_roles, a change, and abandon', q{WITH a AS (SELECT session_auth.adopt_roles('people', 'id', 'role') AS n) SELECT concat(n, session_auth.abandon('people')) FROM a} ],
	[ 'grant and revoke_usage', q{SELECT concat(session_auth.grant_usage('stranger', 'admin'), session_auth.revoke_usage('stranger', 'admin'))} ],
);
$node->safe_psql('postgres', q{
	CREATE ROLE stranger; CREATE ROLE signin; CREATE ROLE chief; SELECT session_auth.grant_usage('signin', 'issuer'), session_auth.grant_usage('chief', 'admin');
	GRANT EXECUTE ON FUNCTION session_auth.verify_session(text, text) TO signin;
	CREATE TABLE adopted_once (id text PRIMARY KEY, role text);
});

# Errors that a fault may end in, beside none. A failing OpenSSL has no word for
# why: a token is refused, a key or a secret cannot be used.
my %allowed = (memory => qr/^(none|53200)$/, cancel => qr/^(none|57014)$/, crypto => qr/^(none|53200|28000|22023|0A000|XX000|PT401)$/);
my %of = (app => \@request, signin => \@issuer, chief => \@admin, postgres => \@owner);
my $psql = $node->background_psql('postgres');
$psql->query_safe('SET client_min_messages = error');
my $pid = $psql->query_safe('SELECT pg_backend_pid()');
my %faults;
foreach my $who (qw(app signin chief postgres))
{
	$psql->query_safe('BEGIN');
	$psql->query_safe(q{SELECT session_auth.authenticate(token('alice'))}) if $who eq 'app';
	foreach my $trial (@{ $of{$who} })
	{
		my ($name, $statement) = @$trial;
		foreach my $kind (qw(memory cancel crypto))
		{
			(my $quoted = $statement) =~ s/'/''/g;
			my $said = $psql->query_safe("SELECT try('$who', '$quoted', '$kind')");
			my ($n, $codes, $wrong) = $said =~ /^(\d+) faults: ([\w,]*)(.*)$/;
			$faults{$kind} += $n // 0;
			my @bad = grep { $_ !~ $allowed{$kind} } split /,/, $codes // '';
			ok(defined $n && !@bad && $wrong eq '', "$name: $kind") or diag($said);
		}
	}
	$psql->query_safe('ROLLBACK');
}
note("$faults{$_} faults of kind $_") foreach sort keys %faults;
cmp_ok($faults{$_}, '>', 100, "there were faults: $_") foreach qw(memory cancel crypto);
is($psql->query_safe('SELECT pg_backend_pid()'), $pid, 'it was one backend all the time');
$psql->quit;

# --- at the end of a transaction: last_seen_at is written, or the transaction fails

$node->safe_psql('postgres', q{LOAD 'session_auth'; ALTER SYSTEM SET session_auth.touch_interval = 0; SELECT pg_reload_conf()});
$node->poll_query_until('postgres', q{SELECT current_setting('session_auth.touch_interval', true) = '0'});
my ($committed, $failed) = (0, 0);
foreach my $n (1 .. 200)
{
	my ($status, $out, $err) = $node->psql('postgres', qq{
		BEGIN; SELECT FROM session_auth.authenticate(token('bob')); INSERT INTO adopted_once VALUES ('n$n', ''); SELECT FROM fault_arm('memory', $n); COMMIT;
		SELECT fault_came(), (SELECT count(*) FROM adopted_once WHERE id = 'n$n'), session_auth.user_id() IS NULL;}, on_error_stop => 0);
	my ($came, $there, $nobody) = $out =~ /^(\w)\|(\d)\|(\w)$/m;
	$came eq 't' ? $err =~ /out of memory/ ? $failed++ : $committed++ : last;
	is("$there|$nobody", ($err =~ /out of memory/ ? 0 : 1) . '|t', "fault $n while it commits: all of it or nothing, and nobody is left");
}
cmp_ok($failed, '>', 5, "$failed commits failed for want of memory");
is($node->safe_psql('postgres', q{SELECT user_id FROM session_auth.verify_session(token('bob'))}), 'bob', 'the session is as good as before');
# --- a file that is away for a while is looked for again

my ($file, $token) = ("$dir/secret", undef);
append_to_file($file, 'a secret of more than thirty-two bytes');
$node->safe_psql('postgres', "SELECT session_auth.add_key('file', 'HS256', 'file:$file')");
$token = $node->safe_psql('postgres', q{SELECT session_auth.issue_token('alice', '1 hour', '{}', 'file')});
rename($file, "$file.away") or die $!;
my $patient = $node->background_psql('postgres', on_error_stop => 0);
my $verified = "SELECT count(*) FROM session_auth.verify_session('$token')";
is($patient->query($verified), '0', 'while the file of a secret is away, its tokens are refused');
rename("$file.away", $file) or die $!;
my $waited = 0;
sleep 1 while $patient->query($verified) ne '1' && $waited++ < 60;
cmp_ok($waited, '<', 60, 'when it is back, they are accepted again, in the same connection');
$patient->quit;
$node->stop;
done_testing();
