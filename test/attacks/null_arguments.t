# Attack: call every function of the extension, those in C and all others, with NULL in
# each place, with NULL everywhere, and with thousands of random values of each type, as
# the owner, under each usage and with an identity in force.
# Holds: an error or a value, never a crash; who has a usage calls, of what is marked
# internal, what is listed here alone. Guards: src/sql/arguments.c, src/sql/sql_key.c (NULLs),
# src/sql/sql_policy.c, parse_expression(); sql/parts/rights.sql (internal functions).
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $rounds = $ENV{NULL_ARGUMENTS_ROUNDS} // 20;
my $node = new_server('null_arguments', 'autovacuum = off', 'restart_after_crash = off', 'log_min_messages = fatal');
add_extension($node);
my %has = (app => 'request', signin => 'issuer', chief => 'admin', helper => 'impersonator', sweeper => 'maintenance', watcher => 'monitor', reader => 'auditor');
is($node->safe_psql('postgres', q{SELECT string_agg(u, ' ' ORDER BY u) FROM unnest(session_auth.usages()) u}), join(' ', sort values %has), 'each usage is tried');
$node->safe_psql('postgres', join ';', map { ($_ eq 'app' ? () : "CREATE ROLE $_"), "SELECT session_auth.grant_usage('$_', '$has{$_}')" } sort keys %has);
$node->safe_psql('postgres', q{
	CREATE TABLE accounts (id int, owner text, token text, expires timestamptz); INSERT INTO accounts VALUES (1, 'alice', gen_random_uuid(), 'infinity');
	ALTER TABLE accounts OWNER TO chief; GRANT CREATE ON SCHEMA public TO chief;
	SELECT session_auth.add_key('k', 'HS256', repeat('secret', 8)), session_auth.add_cookie_secret('express', 'a secret of more than thirty-two bytes'), session_auth.add_authjs_secret('a secret of more than thirty-two bytes');
	CREATE TABLE tokens AS SELECT token FROM session_auth.create_session('alice');
	CREATE TABLE notes (id int CHECK (id > 0), owner text, body text DEFAULT now()::text);
	SELECT session_auth.protect_table('notes', owner_column => 'owner');
	CREATE TYPE team AS ENUM ('red', '7'); CREATE DOMAIN short_text AS varchar(20);
	SELECT session_auth.expire_session(session_id) FROM session_auth.create_session('carol', permissions => '{view:notes}');
	SELECT session_auth.rotate_session(token) FROM session_auth.create_session('dave');

	-- Expressions of a type: what is usual, and what is not.
	CREATE TABLE value_of (type text, value text);
	INSERT INTO value_of
	SELECT 'text', v FROM unnest(ARRAY[$$''$$, $$' '$$, $$'x'$$, $$'alice'$$, $$'ADMIN'$$, $$'role'$$, $$'kid'$$, $$'secret'$$, $$'user_id'$$, $$'request'$$, $$'global'$$, $$'*'$$, $$'a:*'$$, $$'!'$$,
		$$E'\x01\x7f\n'$$, $$'%s%n%d'$$, $$'%'$$, $$E'\\\\'$$, $$repeat('a', 255)$$, $$repeat('a', 256)$$, $$repeat('a', 1025)$$, $$repeat('x', 100000)$$, $$repeat('[', 20000)$$, $$repeat('é', 600)$$, $$chr(1114111)$$,
		$$'a.b.c'$$, $$'eyJhbGciOiJIUzI1NiJ9.e30.AAAA'$$, $$'eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA'$$, $$'s:x.y'$$, $$'sat_' || repeat('A', 43)$$, $$gen_random_uuid()::text$$, $$(SELECT token FROM public.tokens)$$,
		$$'authjs.session-token=' || repeat('a;', 50)$$, $$'Bearer x'$$, $$'{}'$$, $$'{"keys": [{}]}'$$, $$'HS256'$$, $$'RS256'$$, $$'file:/etc/hostname'$$, $$'file:'$$, $$'-----BEGIN PUBLIC KEY-----'$$,
		$$'accounts'$$, $$'owner'$$, $$encode(sha256(random()::text::bytea), 'base64')$$, $$array_to_string(ARRAY(SELECT chr(1 + (random() * 900)::int) FROM generate_series(1, 40)), '')$$]) v
	UNION ALL SELECT 'text[]', v FROM unnest(ARRAY[$$'{}'$$, $$'{NULL}'$$, $$'{a,NULL,""}'$$, $$'{{a,b},{c,d}}'$$, $$'[5:6]={a,b}'$$, $$array_fill('x'::text, ARRAY[2000])$$, $$ARRAY[repeat('x', 50000)]$$]) v
	UNION ALL SELECT 'name[]', v FROM unnest(ARRAY[$$'{}'$$, $$'{NULL}'$$, $$'{a,b,c}'$$, $$'{{a},{b}}'$$]) v
	UNION ALL SELECT 'uuid[]', v FROM unnest(ARRAY[$$'{}'$$, $$'{NULL}'$$, $$ARRAY[gen_random_uuid()]$$]) v
	UNION ALL SELECT 'bigint[]', v FROM unnest(ARRAY[$$'{}'$$, $$'{NULL}'$$, $$'{1,-9223372036854775808}'$$]) v
	UNION ALL SELECT 'jsonb', v FROM unnest(ARRAY[$$'{}'$$, $$'null'$$, $$'[]'$$, $$'""'$$, $$'1e400'$$, $$'{"ADMIN": ["view:accounts"]}'$$, $$'{"a": null}'$$, $$'{"": [""]}'$$, $$'{"keys": []}'$$, $$'{"keys": [{"kty": "RSA", "n": "", "e": "AQAB"}]}'$$,
		$$(repeat('[', 5000) || repeat(']', 5000))::jsonb$$, $$jsonb_build_object('x', repeat('x', 9000))$$, $$'{"sub": 1, "exp": {}}'$$, $$'{"keys": [1, null, [], {"kty": 1}]}'$$]) v
	UNION ALL SELECT 'bytea', v FROM unnest(ARRAY[$$''$$, $$'\x00'$$, $$repeat('x', 100000)::bytea$$]) v
	UNION ALL SELECT 'uuid', v FROM unnest(ARRAY[$$'00000000-0000-0000-0000-000000000000'$$, $$'ffffffff-ffff-ffff-ffff-ffffffffffff'$$, $$gen_random_uuid()$$]) v
	UNION ALL SELECT 'interval', v FROM unnest(ARRAY[$$'0'$$, $$'-1 day'$$, $$'1 day'$$, $$'1 month -29 days -23 hours'$$, $$'178000000 years'$$, $$'-178000000 years'$$, $$make_interval(secs => 9e11)$$, $$'1 microsecond'$$]) v
	UNION ALL SELECT 'interval', v FROM unnest(ARRAY[$$'infinity'$$, $$'-infinity'$$]) v WHERE current_setting('server_version_num')::int >= 170000
	UNION ALL SELECT 'timestamptz', v FROM unnest(ARRAY[$$'infinity'$$, $$'-infinity'$$, $$'epoch'$$, $$'4713-01-01 BC'$$, $$'294276-12-31'$$, $$now()$$]) v
	UNION ALL SELECT t, v FROM unnest(ARRAY['regclass', 'regrole', 'oid']) t, unnest(ARRAY['0', '1', '10', '4294967295', $$'pg_class'::regclass::oid$$, $$'public.accounts'::regclass::oid$$, $$'public.tokens'::regclass::oid$$, $$'app'::regrole::oid$$, $$'session_auth.roles'::regclass::oid$$]) v
	UNION ALL SELECT 'name', v FROM unnest(ARRAY[$$''$$, $$'id'$$, $$'owner'$$, $$'token'$$, $$'expires'$$, $$'ctid'$$, $$'a"b'$$, $$repeat('n', 63)$$, $$E'\x01'$$, $$'%s'$$]) v
	UNION ALL SELECT 'integer', v FROM unnest(ARRAY['0', '1', '-1', '2147483647', '(-2147483648)', '1000']) v
	UNION ALL SELECT 'bigint', v FROM unnest(ARRAY['0', '1', '9223372036854775807', '(-9223372036854775808)']) v
	UNION ALL SELECT 'boolean', v FROM unnest(ARRAY['true', 'false']) v
	UNION ALL SELECT 'record', v FROM unnest(ARRAY[$$ROW()$$, $$ROW(1)$$, $$ROW(NULL, 'x')$$, $$(SELECT a FROM public.accounts a)$$, $$(SELECT c FROM pg_class c LIMIT 1)$$, $$NULL::public.accounts$$, $$ROW('{}'::text[], 'infinity'::timestamptz)$$]) v;
	INSERT INTO value_of
	SELECT 'tid', v FROM unnest(ARRAY[$$'(0,0)'$$, $$'(0,1)'$$, $$'(0,65535)'$$, $$'(4294967295,65535)'$$, $$'(1,1)'$$, $$(SELECT ctid FROM pg_class ORDER BY random() LIMIT 1)$$]) v
	UNION ALL SELECT 'session_auth.sessions', v FROM unnest(ARRAY[$$(SELECT s FROM session_auth.sessions s ORDER BY random() LIMIT 1)$$, $$jsonb_populate_record(NULL::session_auth.sessions, '{}')$$,
		$$(SELECT jsonb_populate_record(s, '{"user_id": null, "token_hash": null}') FROM session_auth.sessions s LIMIT 1)$$, $$(SELECT jsonb_populate_record(s, '{"expires_at": "infinity", "ended_at": "-infinity", "lifetime": null}') FROM session_auth.sessions s ORDER BY random() LIMIT 1)$$]) v
	UNION ALL SELECT 'pg_node_tree', v FROM unnest(ARRAY[$$(SELECT polqual FROM pg_policy WHERE polqual IS NOT NULL ORDER BY random() LIMIT 1)$$, $$(SELECT adbin FROM pg_attrdef ORDER BY random() LIMIT 1)$$, $$(SELECT conbin FROM pg_constraint WHERE conbin IS NOT NULL ORDER BY random() LIMIT 1)$$]) v
	UNION ALL SELECT 'anyelement', format('%s::%s', v, t) FROM unnest(ARRAY['NULL', $$'7'$$]) v,
		unnest(ARRAY['text', 'varchar(2)', 'char(3)', 'name', 'smallint', 'integer', 'bigint', 'numeric', 'numeric(3,1)', 'public.team', 'public.short_text', 'bytea', 'oid', 'double precision', 'jsonb', 'xid']) t
	UNION ALL SELECT 'anyelement', v FROM unnest(ARRAY['NULL::uuid', 'gen_random_uuid()', $$'{}'::text[]$$, 'NULL::public.accounts', 'NULL::int4range', $$repeat('7', 100000)$$]) v;
	GRANT SELECT ON tokens, value_of TO PUBLIC;

	-- Called and undone; what came of it. No cursor is open meanwhile.
	CREATE FUNCTION attempt(who text, authenticated boolean, statement text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE format('SET LOCAL ROLE %I', who);
		IF authenticated AND who IN ('app', 'chief') THEN PERFORM session_auth.authenticate((SELECT token FROM public.tokens)); END IF;
		IF authenticated AND who = 'helper' THEN PERFORM session_auth.impersonate('7'); END IF;
		EXECUTE statement;
		RAISE SQLSTATE 'UNDO0';
	EXCEPTION WHEN SQLSTATE 'UNDO0' THEN RETURN 'value'; WHEN OTHERS THEN RETURN SQLSTATE;
	END $$;

	-- A call of a function: how is nulls (of a place, or all) or random.
	CREATE FUNCTION call_of(f oid, null_at integer) RETURNS text LANGUAGE sql VOLATILE AS $$
		SELECT format('%s session_auth.%I(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT * FROM' END, p.proname, (
			SELECT string_agg(format('%s%s', CASE WHEN a.place = null_at OR null_at = 0 THEN 'NULL' ELSE coalesce(
				-- the place keeps the choice from being made once for all
				(SELECT v.value FROM value_of v WHERE v.type = a.shown AND a.place > 0 ORDER BY random() LIMIT 1), 'NULL') END,
				-- values for any type have types of their own
				CASE WHEN a.shown <> 'anyelement' THEN '::' || a.shown WHEN a.place = null_at OR null_at = 0 THEN '::text' END), ', ' ORDER BY a.place)
			FROM (SELECT replace(t.type::regtype::text, 'timestamp with time zone', 'timestamptz'), t.place
				FROM unnest(p.proargtypes) WITH ORDINALITY t (type, place)) a (shown, place)))
		FROM pg_proc p WHERE p.oid = f $$;
	CREATE FUNCTION storm(who text, rounds integer, OUT calls bigint, OUT outcomes text) LANGUAGE plpgsql SET client_min_messages = error AS $$
	DECLARE
		functions oid[] := ARRAY(SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'session_auth'::regnamespace AND has_function_privilege(who, p.oid, 'EXECUTE') ORDER BY p.oid::regprocedure::text);
		f oid;
		n integer;
		seen text[] := '{}';
		seen_here text;
	BEGIN
		calls := 0;
		FOREACH f IN ARRAY functions LOOP
			-- NULL in each place, in none and in all; then at random
			FOR n IN 0 .. (SELECT pronargs FROM pg_proc WHERE oid = f) + rounds * (SELECT least(pronargs, 1) FROM pg_proc WHERE oid = f) LOOP
				seen_here := attempt(who, n % 2 = 0, call_of(f, CASE WHEN n <= (SELECT pronargs FROM pg_proc WHERE oid = f) THEN n ELSE -1 END));
				IF seen_here <> ALL (seen) THEN seen := seen || seen_here; END IF;
				calls := calls + 1;
			END LOOP;
		END LOOP;
		SELECT string_agg(s, ' ' ORDER BY s) INTO outcomes FROM unnest(seen) s;
	END $$;
});

my $postmaster = slurp_file($node->data_dir . '/postmaster.pid');
my $seed = $ENV{NULL_ARGUMENTS_SEED} // int(rand(1 << 30)) / (1 << 30);
note("setseed($seed)");
my $all = 0;

# first the least that once took the server down
foreach my $call (q{refuse('x', NULL)}, q{refuse(NULL, 'x')}, q{check_argument(NULL, 'x')}, q{check_argument('nonsense', 'x')}, q{check_secret(NULL, 'x')})
{
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT session_auth.$call");
	like($err, qr/ERROR:  22023/, "$call is a bad argument");
}
foreach my $text ('', '*', 'id, owner')
{
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT session_auth.same_expression('notes'::regclass, polqual, '$text') FROM pg_policy WHERE polcmd = 'r'");
	like($err, qr/ERROR:  42601/, "'$text' is no expression");
}

# a monitor's functions take nothing, and the last two usages' nothing that is refused
foreach my $who ('postgres', qw(app signin chief helper), qw(sweeper watcher reader))
{
	my $user = $node->safe_psql('postgres', 'SELECT current_user');
	my $as = $who eq 'postgres' ? $user : $who;
	my ($status, $out, $err) = $node->psql('postgres', "SELECT setseed($seed); SELECT calls, outcomes FROM storm('$as', $rounds)", timeout => 300);
	my ($calls, $outcomes) = $out =~ /(\d+)\|(.*)$/;
	is($status, 0, "$who: every call ends in an error or a value") or diag($err) or last;
	like($outcomes, qr/\bvalue\b/, "$who: some have a value");
	like($outcomes, qr/\b22023\b/, "$who: some are refused") unless $who =~ /^(?:sweeper|watcher|reader)$/;
	unlike($outcomes, qr/\bXX000\b/, "$who: none is an internal error");
	note("$who: $calls calls: $outcomes");
	$all += $calls // 0;
}
cmp_ok($all, '>', 3000, "$all calls");
is(slurp_file($node->data_dir . '/postmaster.pid'), $postmaster, 'the server is the same');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|was terminated by signal/, 'no server process died');

# of what is internal, an administrator calls what has to run with rights of his own, and a request what
# its UPDATE of carried_identity becomes
my $internal = q{SELECT string_agg(p.proname, ' ' ORDER BY p.proname) FROM pg_proc p WHERE pronamespace = 'session_auth'::regnamespace AND has_function_privilege('%s', p.oid, 'EXECUTE') AND obj_description(p.oid) LIKE 'internal:%%' AND p.proname NOT LIKE 'mark_of_%%' AND p.proname NOT IN ('take_seal', 'asked_challenge')};
is($node->safe_psql('postgres', sprintf $internal, $_), '', "$_ calls nothing internal") foreach qw(app signin helper reader);
is($node->safe_psql('postgres', sprintf $internal, 'sweeper'), 'purge_ended purge_old', 'whoever purges calls what deletes what has ended');
is($node->safe_psql('postgres', sprintf $internal, 'watcher'), 'read_identities read_statistics', 'whoever watches calls what the views read');
is($node->safe_psql('postgres', sprintf $internal, 'chief'), join(' ', sort
	# what purge() and the views call, which delete what has ended and read what is to be read
	qw(purge_ended purge_old read_identities read_statistics),
	# work out commands, change nothing, and run as the owner: the caller runs the commands
	qw(protection unprotection column_protection column_unprotection session_adoption role_adoption abandonment node_connection node_disconnection),
	# explain_access, of which nothing runs as the owner but the check of its arguments and the event
	qw(access_explanation access_lines access_verdict explain_policy policy_conditions condition_holds rows_found
		check_access_question record_explanation asking_roles request_roles asked_commands granted_columns why_permitted why_condition),
	# what protect_columns does last, and the trigger that it attaches as the owner of the table
	qw(remember_columns forget_columns guard_columns),
	# look for themselves whether what they note was done
	qw(remember_protection forget_protection remember_node forget_nodes),
	# ask the table's triggers whether its owner agreed: those who own it put them there, or took them off
	qw(take_over_sessions take_over_roles forget_source),
	# what the owner puts on the table, for which PostgreSQL asks EXECUTE; called, they refuse
	qw(adopted_session_changed adopted_sessions_truncated adopted_user_changed adopted_users_truncated)),
	'an administrator calls what works out commands, and what looks for triggers itself');

$node->stop;
done_testing();
