# The extension's coming and going: created twice, by others than superusers, in
# databases that somebody has prepared; dropped while others use it; restored
# over what is there, beside connections with warm caches.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('upgrade', 'autovacuum = off', 'jit = off');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE owner LOGIN; CREATE ROLE nobody LOGIN');

sub database
{
	my ($name, $more) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER owner");
	$node->safe_psql($name, $more) if $more;
	return sub { return $node->safe_psql($name, $_[0]) };
}

# What a statement fails with, as somebody.
sub state_of
{
	my ($name, $statement, $user) = (@_, 'postgres');
	my ($status, $out, $err) = $node->psql($name, "\\set VERBOSITY sqlstate\n$statement", extra_params => [ '--username', $user ]);
	my @states = $err =~ /\bERROR:\s+(\w{5})/g;
	return "@states";
}

my $left = q{SELECT count(*) FROM pg_namespace WHERE nspname = 'session_auth' UNION ALL SELECT count(*) FROM pg_extension WHERE extname = 'session_auth'};

# --- twice, by others, in another schema

my $ask = database('twice', 'CREATE EXTENSION session_auth');
$ask->(q{SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}')});
is(state_of('twice', 'CREATE EXTENSION session_auth'), '42710', 'a second time is an error');
$ask->('CREATE EXTENSION IF NOT EXISTS session_auth; ALTER EXTENSION session_auth UPDATE');
is($ask->(q{SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')}), 't', 'and leaves what is there; so do IF NOT EXISTS and UPDATE');
is(state_of('twice', 'ALTER EXTENSION session_auth SET SCHEMA public'), '0A000', 'it cannot be moved');
is(state_of('twice', q{ALTER EXTENSION session_auth UPDATE TO '9.9'}), '22023', 'nor updated to what is not there');

# two at once: the one waits for the other, and there is one extension
$ask = database('raced');
my @racers = map { $node->background_psql('raced', on_error_stop => 0) } 1 .. 2;
$racers[0]->query_safe('BEGIN; CREATE EXTENSION session_auth');
$racers[1]->query_until(qr/begun/, "\\echo begun\nCREATE EXTENSION session_auth;\n");
$node->poll_query_until('raced', q{SELECT count(*) = 1 FROM pg_locks WHERE NOT granted}) or die 'the second does not wait';
$racers[0]->query_safe('COMMIT');
$racers[1]->query('SELECT 1');
like($racers[1]->{stderr}, qr/ERROR: .*already exists|ERROR:  duplicate key/, 'of two that create it at once the second fails');
is($ask->(q{SELECT count(*) FROM pg_extension WHERE extname = 'session_auth'; SELECT session_auth.create_role('R'), session_auth.has_permission('R', 'a', 'b')}), "1\n|f", 'and the first is whole');
$_->quit foreach @racers;

$ask = database('others');
is(state_of('others', 'CREATE EXTENSION session_auth', 'nobody'), '42501', 'who may not create in the database may not create it');
is(state_of('others', 'CREATE EXTENSION session_auth SCHEMA public'), '0A000', 'another schema is refused');
is(state_of('others', 'CREATE EXTENSION session_auth', 'owner'), '42501', q{so is the database's owner: only a superuser may});
is($ask->($left), "0\n0", 'and nothing is left of any');
is(state_of('others', 'CREATE EXTENSION session_auth'), '', 'a superuser does');
is(state_of('others', 'DROP EXTENSION session_auth', 'owner'), '42501', q{the database's owner may not drop it});
is(state_of('others', q{SELECT * FROM session_auth.key_secrets}, 'owner') . state_of('others', q{SELECT session_auth.grant_usage('app', 'request')}, 'owner'), '4250142501', 'nor use it');

# --- a schema of our name

$ask = database('squatted', q{
	GRANT CREATE ON DATABASE squatted TO nobody;
	SET ROLE nobody;
	CREATE SCHEMA session_auth;
	CREATE TABLE session_auth.sessions (token text);
	CREATE FUNCTION session_auth.has_permission(text, text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
});
is(state_of('squatted', "CREATE EXTENSION $_"), '42P06', "a schema that somebody made: $_ is refused") foreach 'session_auth', 'session_auth CASCADE', 'IF NOT EXISTS session_auth';
is($ask->(q{SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'session_auth' UNION ALL SELECT count(*)::text FROM pg_extension WHERE extname = 'session_auth'}), "nobody\n0", 'and stays as it was');
is(state_of('squatted', 'ALTER EXTENSION session_auth ADD SCHEMA session_auth'), '42704', 'nor can it be adopted');
$ask->('SET client_min_messages = warning; DROP SCHEMA session_auth CASCADE; CREATE EXTENSION session_auth');
is($ask->(q{SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')}), 'f', 'without it, it can be created');

# --- hostile objects and a hostile path

$ask = database('hostile', q{
	CREATE SCHEMA evil;
	CREATE TABLE evil.calls (what text);
	CREATE FUNCTION evil.called(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.calls VALUES ($1 || current_user); END $$;
	-- better matches than pg_catalog's own for what an install script calls
	CREATE FUNCTION evil.format(text, name, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.called('format '); RETURN 'SELECT 1'; END $$;
	CREATE FUNCTION evil.format(text, text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.called('format '); RETURN 'SELECT 1'; END $$;
	CREATE FUNCTION evil.format(text, regprocedure, regrole) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.called('format '); RETURN 'ALTER ROLE nobody SUPERUSER'; END $$;
	CREATE FUNCTION evil.pg_extension_config_dump(text, text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.called('dump '); END $$;
	CREATE FUNCTION evil.coalesce_text(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.called('text '); RETURN $1; END $$;
	CREATE FUNCTION evil.same(name, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.called('same '); RETURN true; END $$;
	CREATE FUNCTION evil.same(name, name) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.called('same '); RETURN true; END $$;
	CREATE FUNCTION evil.same(name, text[]) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.called('same '); RETURN true; END $$;
	CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = pg_catalog.text, FUNCTION = evil.same);
	CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.same);
	CREATE DOMAIN evil.text AS pg_catalog.text CHECK (evil.coalesce_text(VALUE) IS NOT NULL);
	CREATE DOMAIN evil.uuid AS pg_catalog.text;
	CREATE DOMAIN evil.name AS pg_catalog.text;
	CREATE DOMAIN evil.regrole AS pg_catalog.text;
	CREATE TABLE public.sessions (token text); CREATE TABLE public.permissions (role text); CREATE TABLE public.pg_proc (oid oid, proname name);
	GRANT ALL ON SCHEMA evil TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA evil TO PUBLIC;
	ALTER DATABASE hostile SET search_path = evil, public, pg_catalog;
});
is(state_of('hostile', q{CREATE EXTENSION session_auth; SELECT session_auth.grant_usage('app', 'request'), session_auth.grant_usage('app', 'issuer');
	SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}'), session_auth.grant_role('alice', 'ADMIN')}), '', 'created and set up under a hostile path');
is($ask->('SELECT count(*) FROM evil.calls'), '0', 'nothing of it was called');
is($ask->(q{SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) 'nobody'}), 'f', 'nobody is still nobody');
is($ask->(q{SELECT count(*) FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
	WHERE c.relnamespace OPERATOR(pg_catalog.=) 'session_auth'::regnamespace AND t.typnamespace OPERATOR(pg_catalog.<>) 'pg_catalog'::regnamespace}), '0', 'columns are of the types of pg_catalog');
is($ask->(q{SELECT count(*) FROM pg_catalog.pg_proc p, pg_catalog.unnest(p.proargtypes::oid[] || p.prorettype) a (t) JOIN pg_catalog.pg_type y ON y.oid = a.t
	WHERE p.pronamespace OPERATOR(pg_catalog.=) 'session_auth'::regnamespace AND y.typnamespace OPERATOR(pg_catalog.<>) 'pg_catalog'::regnamespace
		AND y.typnamespace OPERATOR(pg_catalog.<>) 'session_auth'::regnamespace}), '0', 'and so are arguments, but for rows of the extension\'s own tables');
my $token = $ask->(q{SET ROLE app; SELECT token FROM session_auth.create_session('alice')});
is($ask->("SET ROLE app; BEGIN; SELECT user_id FROM session_auth.authenticate('$token'); SELECT session_auth.has_permission('view', 'accounts'), session_auth.has_permission('view', 'other')"), "alice\nt|f", 'and it works');
$ask->('DROP EXTENSION session_auth');
is($ask->('SELECT count(*) FROM evil.calls'), '0', 'dropped as well without a call');

# without PL/pgSQL there is nothing half
$ask = database('bare', 'DROP EXTENSION plpgsql');
is(state_of('bare', 'CREATE EXTENSION session_auth'), '42704', 'a database without PL/pgSQL is refused');
is($ask->($left), "0\n0", 'and nothing is left');

# what somebody's default privileges hand out with everything new
$ask = database('generous', q{
	ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app;
	ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO app;
	ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO app;
	ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO app;
	CREATE EXTENSION session_auth;
	SELECT session_auth.grant_usage('app', 'request');
});
is($ask->(q{SELECT count(*) FROM pg_class c WHERE relnamespace = 'session_auth'::regnamespace AND relkind = 'r' AND has_table_privilege('app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')}), '0',
	'default privileges: no table is open to the request role');
is($ask->(q{SELECT has_function_privilege('app', 'session_auth.impersonate(text, text[], text)', 'EXECUTE')}), 'f', 'nor a function that its usage has not');
is($ask->(q{SELECT has_schema_privilege('app', 'session_auth', 'CREATE')}), 'f', 'nor can it create in the schema');
$ask->('ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM app; DROP EXTENSION session_auth');

# --- dropped while others use it

$ask = database('dropped', q{
	CREATE EXTENSION session_auth;
	SELECT session_auth.grant_usage('app', 'request');
	SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}'), session_auth.grant_role('alice', 'ADMIN');
	CREATE TABLE accounts (id int, owner text);
	INSERT INTO accounts VALUES (1, 'alice'), (2, 'bob');
	SELECT session_auth.protect_table('accounts', owner_column => 'owner');
	GRANT SELECT ON accounts TO app;
});
$token = $ask->(q{SELECT token FROM session_auth.create_session('alice')});
my $user = $node->background_psql('dropped', on_error_stop => 0, extra_params => [ '--username', 'app' ]);
$user->query_safe('PREPARE mine AS SELECT count(*) FROM accounts');
is($user->query_safe("BEGIN; SELECT user_id FROM session_auth.authenticate('$token'); EXECUTE mine"), "alice\n1", 'somebody is in the middle of a transaction');
is(state_of('dropped', 'DROP EXTENSION session_auth'), '2BP01', 'policies depend on it: without CASCADE it stays');
is(state_of('dropped', q{SET lock_timeout = '300ms'; DROP EXTENSION session_auth CASCADE}), '55P03', 'and whoever uses it is waited for');
is($user->query_safe('EXECUTE mine'), '1', 'who has noticed nothing');
$user->query_safe('COMMIT');
is(state_of('dropped', 'SET client_min_messages = error; DROP EXTENSION session_auth CASCADE'), '', 'with CASCADE it goes');
is($user->query('EXECUTE mine'), '0', 'its tables stay closed: row-level security without a policy shows nothing');
is($ask->(q{SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'accounts'}), 't|t', 'it is on and forced as before');
like(state_of('dropped', "SELECT session_auth.authenticate('$token')", 'app'), qr/^(42501|3F000|42883)$/, 'its functions are gone');
$user->query("BEGIN; SELECT session_auth.authenticate('$token'); ROLLBACK");
like($user->{stderr}, qr/does not exist/, 'also where they have been called before');
$user->{stderr} = '';
is($user->query('SELECT 1'), '1', 'and the connection lives');
$ask->(q{CREATE EXTENSION session_auth; SELECT session_auth.grant_usage('app', 'request'); SELECT session_auth.protect_table('accounts', owner_column => 'owner');
	SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}'), session_auth.grant_role('alice', 'ADMIN')});
$token = $ask->(q{SELECT token FROM session_auth.create_session('alice')});
is($user->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$token'); EXECUTE mine; COMMIT; EXECUTE mine"), "alice\n1\n0", 'created anew it serves the same connection');
$user->quit;

# nor does anything but DROP EXTENSION take it apart
is(state_of('dropped', "DROP $_"), '2BP01', "DROP $_ is refused") foreach 'SCHEMA session_auth CASCADE', 'TABLE session_auth.sessions CASCADE', 'FUNCTION session_auth.user_id() CASCADE', 'EVENT TRIGGER session_auth_source_dropped';

# adopted tables are left as the application had them
$ask->(q{
	CREATE TABLE logins (token text, person text, until timestamptz);
	SELECT session_auth.adopt_sessions('logins', 'token', 'person', 'until');
	GRANT ALL ON logins TO app;
});
my $writer = $node->background_psql('dropped', on_error_stop => 0, extra_params => [ '--username', 'app' ]);
$writer->query_safe(q{PREPARE login AS INSERT INTO logins VALUES (gen_random_uuid(), 'alice', now() + interval '1 hour') RETURNING person});
is($writer->query('EXECUTE login'), 'alice', 'an adopted table is written');
is(state_of('dropped', 'DROP EXTENSION session_auth'), '2BP01', 'its triggers depend on the extension');
is(state_of('dropped', 'SET client_min_messages = error; DROP EXTENSION session_auth CASCADE'), '', 'with CASCADE they go');
is($writer->query('EXECUTE login; SELECT count(*) FROM logins'), "alice\n2", 'and it is written as before, by the same connection');
$writer->quit;
$ask->('DROP TABLE logins; CREATE EXTENSION session_auth');

# again and again, while others call whatever is there
$ask->(q{
	CREATE PROCEDURE public.hammer(seconds int) LANGUAGE plpgsql AS $$
	DECLARE
		until timestamptz := clock_timestamp() + make_interval(secs => seconds);
		good bigint := 0; without bigint := 0; wrong bigint := 0; internal bigint := 0; other bigint := 0; said boolean;
	BEGIN
		WHILE clock_timestamp() < until LOOP
			BEGIN
				EXECUTE 'SELECT session_auth.has_permission(''ADMIN'', ''view'', ''secret'') OR EXISTS (SELECT FROM session_auth.verify_session(''sat_'' || repeat(''A'', 43)))' INTO said;
				good := good + 1;
				wrong := wrong + said::int;
			EXCEPTION
				WHEN undefined_table OR undefined_function OR invalid_schema_name THEN without := without + 1;
				WHEN internal_error THEN internal := internal + 1;
				WHEN OTHERS THEN other := other + 1; RAISE WARNING '% %', SQLSTATE, SQLERRM;
			END;
			COMMIT;
		END LOOP;
		RAISE NOTICE 'good %, without %, wrong %, other %, internal %', good > 0, without > 0, wrong, other, internal;
	END
	$$;
});
my @said = ('') x 2;
my @hammers = map { IPC::Run::start([ 'psql', '--no-psqlrc', '--quiet', '--host', $node->host, '--port', $node->port, 'dropped', '--command', 'CALL public.hammer(2)' ], '>', \$said[$_], '2>&1') } 0 .. 1;
my $rounds = 0;
my $until = time + 1;
while (time < $until)
{
	$ask->('SET client_min_messages = error; DROP EXTENSION session_auth CASCADE');
	$ask->('CREATE EXTENSION session_auth');
	$rounds++;
}
$_->finish foreach @hammers;
cmp_ok($rounds, '>', 0, "dropped and created $rounds times");
like($said[$_], qr/^NOTICE:  good t, without t, wrong 0, other 0, internal \d+\n$/, "client $_ got an answer or that there is none") foreach 0 .. 1;
unlike("@said", qr/internal [1-9]/, 'nobody got an internal error');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|server process .* was terminated/, 'no server process died of it');

# --- dumps: keys, rights, and restoring over what is there

$ask = database('source', q{
	CREATE EXTENSION session_auth;
	SELECT session_auth.grant_usage('app', 'request'), session_auth.grant_usage('nobody', 'issuer'), session_auth.grant_usage('owner', 'admin');
	SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"], "USER": []}'), session_auth.grant_role('alice', 'ADMIN');
	SELECT session_auth.add_key('public', 'EdDSA', '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}', 'https://i');
	SELECT session_auth.add_key('secret', 'HS256', 'a secret of more than thirty-two bytes', 'https://i');
	SELECT session_auth.add_authjs_secret('another secret that stays at home');
	SELECT session_auth.add_cookie_secret('express', 'a third secret that stays at home');
	SELECT session_auth.revoke_token('a-jti-that-stays'), session_auth.expire_user_sessions('a-user-that-stays');
});
$token = $ask->(q{SELECT token FROM session_auth.create_session('alice')});
my $dir = PostgreSQL::Test::Utils::tempdir();
$node->command_ok([ 'pg_dump', '--format=directory', '--jobs=2', "--file=$dir/dump", 'source' ], 'a dump by several jobs');
$node->command_ok([ 'pg_dump', "--file=$dir/plain", 'source' ], 'a plain one');
my $plain = slurp_file("$dir/plain");
unlike($plain, qr/secret of more|stays at home|that-stays|$token/, 'no secret, revocation or token is in it');
like($plain, qr/BEGIN PUBLIC KEY/, 'the public key is');

database('hasty');
TODO: {
	local $TODO = 'jobs do not wait for the rows that a foreign key needs';
	ok(IPC::Run::run([ 'pg_restore', '--exit-on-error', '--jobs=2', '--host=' . $node->host, '--port=' . $node->port, '--dbname=hasty', "$dir/dump" ], '>', \my $said, '2>&1'), 'restored by several jobs');
}
my $target = database('target');
$node->command_ok([ 'pg_restore', '--exit-on-error', '--dbname=target', "$dir/dump" ], 'restored by one job');
is($target->(q{SELECT string_agg(kid || state, ',') FROM session_auth.list_keys()}), 'publicactive', 'keys: the public one came along');
is(state_of('target', q{SELECT session_auth.add_key('next', 'HS256', 'a secret of more than thirty-two bytes')}), '', 'and another can be added');
is(state_of('target', q{SELECT session_auth.create_session('x')}, 'nobody') . state_of('target', q{SELECT session_auth.grant_permission('USER', 'a', 'b')}, 'owner') . state_of('target', 'SELECT session_auth.is_authenticated()', 'app'),
	'', 'usages came along');
is(state_of('target', q{SELECT session_auth.create_session('x')}, 'app') . state_of('target', q{SELECT session_auth.grant_permission('USER', 'a', 'b')}, 'nobody'), '4250142501', 'and give no more than they did');

# over what is there, beside a connection that has it cached
my $warm = $node->background_psql('target', on_error_stop => 0);
my $has = q{SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')};
is($warm->query_safe($has), 't', 'a connection knows a permission');
$target->(q{TRUNCATE session_auth.roles, session_auth.role_parents, session_auth.permissions, session_auth.user_roles, session_auth.keys, session_auth.key_secrets CASCADE});
is($warm->query_safe($has), 'f', 'emptied: it does not');
$node->command_ok([ 'pg_restore', '--exit-on-error', '--data-only', '--dbname=target', "$dir/dump" ], 'the data alone, restored into it');
is($warm->query_safe($has), 't', 'are seen by the next statement');
$node->command_ok([ 'pg_restore', '--exit-on-error', '--clean', '--if-exists', '--dbname=target', "$dir/dump" ], 'dropped and made anew by --clean');
is($warm->query_safe($has), 't', 'in the same connection');
$target->(q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts')});
is($warm->query_safe($has), 'f', 'and changes are seen as before');
$warm->quit;

$node->stop;
done_testing();
