# pg_upgrade of a server that uses the extension, from the installation in OLD to
# the one in NEW, by copying and by linking; and a dump from the one, restored
# into the other. test/pg_upgrade makes the installations and runs this.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ExtensionFacts;
use OwnInstallation;
use SessionAuth;

my ($old_path, $new_path) = @ENV{qw(OLD NEW)};
plan skip_all => 'OLD and NEW name no installations' unless $old_path && $new_path;
my @initdb = (extra => [ '--locale=C.UTF-8', '--encoding=UTF8', '--data-checksums' ]);
my $conf = "fsync = off\nmax_worker_processes = 20\n";

# --- a server in use

my $old = PostgreSQL::Test::Cluster->new('old', install_path => $old_path);
$old->init(@initdb);
$old->append_conf('postgresql.conf', $conf);
$old->start;
my $was = sub { return $old->safe_psql('postgres', join "\n", @_) };
$was->(q{
	CREATE ROLE app LOGIN; CREATE ROLE signin LOGIN; CREATE ROLE chief LOGIN; CREATE ROLE migrator;
	CREATE EXTENSION session_auth;
	SELECT session_auth.grant_usage('app', 'request'), session_auth.grant_usage('signin', 'issuer'), session_auth.grant_usage('chief', 'admin');
	SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts", "edit:*", "!edit:vault"], "USER": ["view:profile", "view:post:*"]}');
	SELECT session_auth.create_role('CHIEF', '{ADMIN,USER}'), session_auth.create_role('NONE');
	SELECT session_auth.grant_role('alice', 'CHIEF'), session_auth.grant_role('bob', 'USER'), session_auth.grant_role('bob', 'ADMIN', 'acme'), session_auth.grant_role('carol', 'ADMIN'), session_auth.revoke_role('carol', 'ADMIN');
	SELECT session_auth.add_key('public', 'EdDSA', '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}', 'https://elsewhere');
	SELECT session_auth.add_key('own', 'HS256', 'a secret of more than thirty-two bytes', 'https://i', '{api,web}');
	SELECT session_auth.add_key('gone', 'HS256', 'a secret that is retired, and longer than that', 'https://i'), session_auth.disable_key('gone', 'https://i');
	SELECT session_auth.add_authjs_secret('the secret of an application'), session_auth.add_cookie_secret('express', 'the secret of cookies');
	CREATE SCHEMA shop AUTHORIZATION migrator;
	CREATE TABLE shop.accounts (id int PRIMARY KEY, owner text, org text);
	INSERT INTO shop.accounts SELECT n, (ARRAY['alice', 'bob', 'carol'])[n % 3 + 1], (ARRAY['acme', 'other'])[n % 2 + 1] FROM generate_series(1, 300) n;
	ALTER TABLE shop.accounts OWNER TO migrator;
	SELECT session_auth.protect_table('shop.accounts', 'accounts');
	CREATE TABLE shop.notes AS SELECT id, owner, org FROM shop.accounts;
	ALTER TABLE shop.notes OWNER TO migrator;
	SELECT session_auth.grant_permission('USER', 'view', 'notes'), session_auth.protect_table('shop.notes', 'notes', 'owner', 'org');
	CREATE TABLE shop.posts (id int, name text);
	INSERT INTO shop.posts VALUES (1, 'post:1'), (2, 'post:2'), (3, 'vault');
	ALTER TABLE shop.posts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	CREATE POLICY readers ON shop.posts FOR SELECT USING (session_auth.has_permission('view', name));
	GRANT USAGE ON SCHEMA shop TO app; GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA shop TO app;
	CREATE VIEW shop.mine WITH (security_invoker) AS SELECT * FROM shop.accounts WHERE owner = session_auth.user_id();
	CREATE FUNCTION shop.me() RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT session_auth.user_id(); END;
	GRANT SELECT ON shop.mine TO app;
	CREATE TABLE shop.people (id text PRIMARY KEY, role text);
	INSERT INTO shop.people VALUES ('dora', 'USER'), ('emil', 'OPERATOR');
	CREATE TABLE shop.logins (token text PRIMARY KEY, person text, until timestamptz);
	INSERT INTO shop.logins VALUES ('6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de', 'dora', now() + interval '1 day'), ('c0ffee55-6f2d-4c7e-9d59-53b0d6a4c0de', 'emil', now() + interval '1 day');
	SELECT session_auth.adopt_roles('shop.people', 'id', 'role'), session_auth.adopt_sessions('shop.logins', 'token', 'person', 'until');
	ALTER DATABASE postgres SET session_auth.idle_timeout = '30min';
	-- answers hold when a session ends idle: however long this takes, use is noted once
	ALTER DATABASE postgres SET session_auth.touch_interval = '1h';
	ALTER ROLE signin SET session_auth.session_lifetime = '8h';
});
my %token = map { $_ => $was->("SELECT token FROM session_auth.create_session('$_', metadata => '{\"device\": \"x\"}')") } qw(alice bob carol);
$token{ended} = $was->(q{SELECT token FROM session_auth.create_session('alice')});
$was->("SELECT session_auth.expire_session('$token{ended}'::text)");
$token{rotated} = $was->(q{SELECT token FROM session_auth.create_session('alice')});
$token{successor} = $was->("SELECT token FROM session_auth.rotate_session('$token{rotated}'); UPDATE session_auth.rotated_tokens SET rotated_at = rotated_at - interval '1 hour'");
$token{expired} = $was->(q{SELECT token FROM session_auth.create_session('alice', '1 microsecond')});
$token{dora} = '6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de';
my $jwt = sub {
	my ($jti, $sub, $iat) = @_;
	my $signed = join '.', map { encode_base64url($_) } '{"alg":"HS256","kid":"own"}', qq({"iss":"https://i","aud":"api","sub":"$sub","role":"ADMIN","jti":"$jti","iat":$iat,"exp":9999999999});
	return "$signed." . encode_base64url(hmac_sha256($signed, 'a secret of more than thirty-two bytes'));
};
$token{jwt} = $jwt->('good', 'alice', 1);
$token{revoked} = $jwt->('bad', 'alice', 1);
$token{signed_out} = $jwt->('good', 'zoe', 1);
$token{issued} = $was->(q{SELECT session_auth.issue_token('alice', '1 hour', kid => 'own')});
$was->(q{SELECT session_auth.revoke_token('bad', 'https://i'), session_auth.expire_user_sessions('zoe'); CHECKPOINT; VACUUM ANALYZE});

my $questions = join "\n", q{
	SELECT session_auth.export_permissions(); SELECT * FROM session_auth.list_permissions(); SELECT * FROM session_auth.list_keys();
	SELECT r.role, a, s, session_auth.has_permission(r.role, a, s) FROM session_auth.roles r, unnest('{view,edit,burn}'::text[]) a, unnest('{accounts,profile,vault,post:1,notes}'::text[]) s ORDER BY 1, 2, 3;
	SELECT * FROM session_auth.explain_permission('CHIEF', 'edit', 'vault');
	SELECT severity, object, problem FROM session_auth.check_policies() ORDER BY 1, 2, 3;
	SELECT event, user_id, session_id, actor, detail, at FROM session_auth.session_events ORDER BY at, event;
	SELECT session_id, token_hash, user_id, expires_at, ended_by, metadata FROM session_auth.sessions ORDER BY 1;
	SELECT * FROM session_auth.user_roles ORDER BY 1; SELECT * FROM session_auth.adopted_roles ORDER BY 2; SELECT * FROM session_auth.user_revocations; SELECT * FROM session_auth.revoked_tokens;
	SHOW session_auth.idle_timeout; SELECT setting FROM pg_db_role_setting s, unnest(setconfig) c (setting) ORDER BY 1;
	SELECT proname, proacl FROM pg_proc WHERE pronamespace = 'session_auth'::regnamespace ORDER BY oid::regprocedure::text;
	SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2;
	SELECT evtname, evtenabled FROM pg_event_trigger;
}, map({
	my $name = $_;
	qq{
	SELECT '$name', * FROM session_auth.verify_session('$token{$name}'); SELECT '$name in acme', roles FROM session_auth.verify_session('$token{$name}', 'acme');
	SET ROLE app; BEGIN;
	SELECT user_id, roles FROM session_auth.authenticate('$token{$name}', tenant => 'acme');
	SELECT '$name', (SELECT count(*) FROM shop.accounts), (SELECT count(*) FROM shop.notes), (SELECT count(*) FROM shop.mine), (SELECT string_agg(name, ',') FROM shop.posts), shop.me();
	COMMIT; SELECT count(*) FROM shop.accounts; RESET ROLE;}
} qw(alice bob carol dora jwt issued)),
	map({ "SELECT '$_', count(*) FROM session_auth.verify_session('$token{$_}');" } qw(ended expired revoked signed_out));
# what is asked notes last_seen_at: the first time is not the same as the next
$was->($questions);
my $answers = $was->($questions);
like($answers, qr/alice\|300\|50\|100\|post:1,post:2\|alice/, 'the old server answers for alice');
like($answers, qr/bob\|300\|50\|100\|post:1,post:2\|bob/, '… for bob in a tenant');
like($answers, qr/carol\|0\|0\|0\|\|carol/, '… for carol, who may nothing');
like($answers, qr/$_\|0/, "… and refuses: $_") foreach qw(ended expired revoked signed_out);

# the new major's own pg_dump takes it
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
$old->command_ok([ "$new_path/bin/pg_dump", '--format=custom', "--file=$dump", 'postgres' ], 'the new pg_dump dumps the old server');
$old->stop;

# --- taken to the new major

my $own = OwnInstallation->new(PostgreSQL::Test::Utils::tempdir(), "$new_path/bin/pg_config");
$own->uninstall;

sub pg_upgrade
{
	my ($from, $to, $path, @options) = @_;
	my ($out, $err);
	my $ok = IPC::Run::run([ "$path/bin/pg_upgrade", '--no-sync', '--old-datadir', $from, '--new-datadir', $to->data_dir, '--old-bindir', "$old_path/bin", '--new-bindir', "$path/bin",
			'--socketdir', $to->host, '--old-port', $old->port, '--new-port', $to->port, '--username', $ENV{USER} // 'postgres', @options ], '>', \$out, '2>', \$err);
	return ($ok, "$out$err");
}

# Facts as they are once they were dumped: rights that only say what the owner of
# a table or a schema has anyway are left out; bodies have other parentheses and
# names of columns.
sub as_dumped
{
	my ($facts) = @_;
	return { map { s/ AS (\\"\w+\\"|\w+)|[()\s]|\\n//gr => 1 } grep { !/^"rights on (relation|initially) .*: (default|\w+=\w+\/\w+)"$/ } keys %$facts };
}

foreach my $mode (qw(copy link))
{
	my $from = PostgreSQL::Test::Utils::tempdir() . '/data';
	system('cp', '-a', $old->data_dir, $from) == 0 or BAIL_OUT('cannot copy the old cluster');
	my $new = PostgreSQL::Test::Cluster->new("new_$mode", install_path => $new_path);
	$new->init(@initdb);
	$new->append_conf('postgresql.conf', $conf);
	$new->append_conf('postgresql.conf', "session_auth.warn_literal_tokens = off\n");
	$new->append_conf('postgresql.conf', "shared_preload_libraries = 'session_auth'\n") if $mode eq 'link';

	my ($ok, $said);
	if ($mode eq 'copy')
	{
		($ok, $said) = pg_upgrade($from, $new, $own->path, "--$mode", '--check');
		ok(!$ok, "$mode: without the extension's files pg_upgrade --check refuses");
		like($said, qr/loadable libraries/, '… and names what it cannot load');
	}
	($ok, $said) = pg_upgrade($from, $new, $new_path, "--$mode", '--check');
	ok($ok, "$mode: pg_upgrade --check finds nothing") or diag($said);
	($ok, $said) = pg_upgrade($from, $new, $new_path, "--$mode");
	ok($ok, "$mode: pg_upgrade succeeds") or diag($said);
	$new->start;
	my $is = sub { return $new->safe_psql('postgres', join "\n", @_) };
	is($is->($questions), $answers, "$mode: every session, permission, policy, key, right and event is as it was");

	# catalogs
	$new->safe_psql('template1', 'CREATE DATABASE fresh');
	$new->safe_psql('fresh', q{CREATE EXTENSION session_auth; SELECT session_auth.grant_usage('app', 'request'), session_auth.grant_usage('signin', 'issuer'), session_auth.grant_usage('chief', 'admin')});
	is(differences(map { as_dumped(extension_facts($_)) } $is, sub { return $new->safe_psql('fresh', $_[0]) }), '', "$mode: the catalogs are those of a fresh install");
	is($is->(q{ALTER EXTENSION session_auth UPDATE; SELECT extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'session_auth') FROM pg_extension WHERE extname = 'session_auth'}), 't', "$mode: of the version that is installed");
	cmp_ok($is->(q{SELECT count(*) FROM pg_stats WHERE schemaname = 'session_auth'}), '>', 0, "$mode: the planner's statistics came along") if $new->pg_version >= 18;
	$new->command_ok([ "$new_path/bin/vacuumdb", '--all', '--analyze-in-stages', '--quiet' ], "$mode: ANALYZE");
	$new->command_ok([ "$new_path/bin/pg_amcheck", '--install-missing', '--schema=session_auth', '--heapallindexed', 'postgres' ], "$mode: pg_amcheck finds nothing");

	# and it goes on
	my $warm = $new->background_psql('postgres', on_error_stop => 0);
	$warm->query_safe("SELECT session_auth.authenticate('$token{alice}', 'connection')");
	my $has = q{SELECT session_auth.has_permission('CHIEF', 'view', 'accounts'), session_auth.user_id()};
	is($warm->query($has), 't|alice', "$mode: a connection has it in its caches");
	$is->(q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts'); SELECT session_auth.expire_user_sessions('alice')});
	is($warm->query($has), 'f|', "$mode: and sees what is revoked");
	$warm->quit;
	is($is->("SELECT count(*) FROM session_auth.verify_session('$token{jwt}')"), '0', "$mode: … of signed tokens too");
	$is->("SELECT count(*) FROM session_auth.verify_session('$token{rotated}')");
	is($is->("SELECT count(*) FROM session_auth.verify_session('$token{successor}')"), '0', "$mode: a token from before that comes back ends its session");
	is($is->(q{SELECT max(grant_id) FROM session_auth.user_roles; SELECT session_auth.grant_role('zoe', 'USER'); SELECT max(grant_id) FROM session_auth.user_roles}) =~ /^(\d+)\nt\n(\d+)$/ && $2 > $1, 1, "$mode: sequences go on");
	is($is->(q{SELECT session_auth.add_key('next', 'HS256', 'a secret of more than thirty-two bytes', 'https://n'); SELECT count(*) FROM session_auth.list_keys()}), "\n4", "$mode: … of keys");
	my $fresh_token = $new->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')}, extra_params => [ '--username', 'signin' ]);
	is($is->("SELECT user_id, expires_at < now() + interval '9 hours' FROM session_auth.verify_session((SELECT token FROM session_auth.rotate_session('$fresh_token')))"), 'bob|t', "$mode: sessions are made and rotated, with the settings of the role");
	is($is->(q{UPDATE shop.logins SET person = 'fay' WHERE person = 'dora'; UPDATE shop.people SET role = 'ADMIN' WHERE id = 'emil';}, "SELECT user_id FROM session_auth.verify_session('$token{dora}');",
			q{SELECT roles FROM session_auth.verify_session('c0ffee55-6f2d-4c7e-9d59-53b0d6a4c0de')}), "fay\n{ADMIN}", "$mode: adopted tables are followed");
	is($is->("DROP TABLE shop.logins; SELECT count(*) FROM session_auth.verify_session('$token{dora}')"), '0', "$mode: … also where they go");
	is($is->('SELECT session_auth.purge_sessions() > 0; SELECT session_auth.purge_sessions()'), "t\n0", "$mode: what has ended is purged");
	is($is->(q{SELECT session_auth.protect_table('shop.people'); SELECT count(*) FROM pg_policy WHERE polrelid = 'shop.people'::regclass; SELECT session_auth.unprotect_table('shop.people')}), "\n4\n", "$mode: policies are written");

	# a dump from before, and one of now
	$new->safe_psql('template1', 'CREATE DATABASE restored; CREATE DATABASE again');
	$new->command_ok([ "$new_path/bin/pg_restore", '--exit-on-error', '--dbname=restored', $dump ], "$mode: the old server's dump is restored");
	is($new->safe_psql('restored', q{SELECT session_auth.has_permission('CHIEF', 'view', 'accounts'), session_auth.has_permission('CHIEF', 'edit', 'vault'), (SELECT count(*) FROM session_auth.sessions WHERE user_id = 'alice')}), 't|f|0', '… with permissions, without sessions');
	my $taken = "$dump.$mode";
	$new->command_ok([ "$new_path/bin/pg_dump", '--format=custom', "--file=$taken", 'postgres' ], "$mode: it is dumped");
	unlike(slurp_file($taken), qr/a secret of more/, '… without secrets');
	$new->command_ok([ "$new_path/bin/pg_restore", '--exit-on-error', '--dbname=again', $taken ], '… and restored');

	is($is->(q{SET client_min_messages = error; DROP EXTENSION session_auth CASCADE; CREATE EXTENSION session_auth; SELECT count(*) FROM session_auth.sessions}), '0', "$mode: dropped and made anew");
	unlike(slurp_file($new->logfile), qr/PANIC|TRAP|server process .* was terminated/, "$mode: no server process died");
	$new->stop;
}
done_testing();
