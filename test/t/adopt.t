# Adopted tables through what happens to whole databases: an administrator who
# owns them and one who does not, replication, dumps, and what is dropped.
# Also: test/pgtap/adopt.sql, test/attacks/adoption.sql.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $tables = q{
	CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
	CREATE TABLE "User" (id text PRIMARY KEY, role "Role" NOT NULL DEFAULT 'USER');
	CREATE TABLE "Session" (id text PRIMARY KEY DEFAULT gen_random_uuid(), "sessionToken" text NOT NULL UNIQUE,
		"userId" text NOT NULL, expires timestamp(3) NOT NULL);
};
my $adopt_sessions = q{SELECT session_auth.adopt_sessions('"Session"', 'sessionToken', 'userId', 'expires')};
my $adopt_roles = q{SELECT session_auth.adopt_roles('"User"', 'id', 'role')};
my ($first, $second) = map { sprintf '%08x-1234-4abc-8def-0123456789ab', $_ } 0x9c41f7e2, 0x5be06d13;

my $node = new_server('adopt', 'wal_level = logical', 'max_wal_senders = 5', 'max_replication_slots = 5');
add_extension($node);
$node->safe_psql('postgres', $tables);
my $ask = sub { return $node->safe_psql('postgres', $_[0]) };
my $who = sub { return $ask->("SELECT user_id || roles::text FROM session_auth.verify_session('$_[0]')") };
my $fails = sub {
	my ($statement, $state, $name) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$statement");
	like($err, qr/\b$state\b/, $name);
};

# rights: the caller owns the table, and nothing is adopted behind an owner's back
$ask->(q{
	CREATE ROLE admin LOGIN; CREATE ROLE web LOGIN;
	SELECT session_auth.grant_usage('admin', 'admin');
	GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON "User", "Session" TO web;
	GRANT SELECT, TRIGGER ON "User", "Session" TO admin;
});
my $may = $ask->(q{SELECT has_function_privilege('admin', 'session_auth.adopt_roles'::regproc, 'EXECUTE')}) eq 't';
SKIP: {
	skip 'usage admin does not hold adopt_roles', 7 unless $may;
	$fails->("SET ROLE admin; $adopt_sessions", '42501', q{an administrator cannot adopt a table of somebody else's});
	$fails->("SET ROLE admin; $adopt_roles", '42501', 'nor its roles');
	$fails->(q{SET ROLE admin; SELECT session_auth.take_over_sessions('"Session"')}, '42501', 'nor by a way around');
	is($ask->(q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'session\_auth\_adopt%'}), '0', 'no trigger is left behind');
	$ask->('ALTER TABLE "User" OWNER TO admin; ALTER TABLE "Session" OWNER TO admin');
	is($ask->("SET ROLE admin; $adopt_sessions; $adopt_roles"), "0\n0", 'one who owns it can');
	is($ask->(q{SET ROLE admin; SELECT session_auth.abandon('"Session"'); SELECT count(*) FROM pg_trigger WHERE tgrelid = '"Session"'::regclass}), "\n0", 'and leave it');
	$ask->('ALTER TABLE "User" OWNER TO postgres; ALTER TABLE "Session" OWNER TO postgres');
	$fails->(q{SET ROLE admin; SELECT session_auth.forget_source('"User"'::regclass, 'User')}, '42501', q{what somebody else adopted is not an administrator's to remove});
}
$ask->("$adopt_sessions; $adopt_roles");

# the application's role needs no right in session_auth, and never fails for it
my $login = q{INSERT INTO "Session" ("sessionToken", "userId", expires) VALUES};
$ask->(qq{SET ROLE web; INSERT INTO "User" VALUES ('ann', 'ADMIN'); $login ('$first', 'ann', '2100-01-01')});
is($who->($first), 'ann{ADMIN}', q{a login by the application's own role});
$ask->(qq{SET ROLE web; BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE "Session" SET expires = '2101-01-01'; COMMIT});
is($ask->("SELECT expires_at = '2101-01-01+00' FROM session_auth.verify_session('$first')"), 't', 'in a serializable transaction too');

# a logout waits for nobody's snapshot: the session was seen in the meantime
my $logout = $node->background_psql('postgres');
$logout->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM "Session"');
$ask->(qq{UPDATE session_auth.sessions SET last_seen_at = now()});
$logout->query_safe(q{DELETE FROM "Session"; COMMIT});
$logout->quit;
is($who->($first), '', 'a logout under REPEATABLE READ ends a session that was touched since');

# types with casts of their own run nobody's code
$ask->(q{
	CREATE TYPE sly AS ENUM ('USER', 'ADMIN');
	CREATE TABLE calls (n int);
	CREATE FUNCTION sly_text(sly) RETURNS text LANGUAGE plpgsql AS 'BEGIN INSERT INTO calls VALUES (1); RETURN ''ROOT''; END';
	CREATE FUNCTION sly_json(sly) RETURNS json LANGUAGE plpgsql AS 'BEGIN INSERT INTO calls VALUES (1); RETURN ''"ROOT"''; END';
	CREATE CAST (sly AS text) WITH FUNCTION sly_text(sly) AS IMPLICIT;
	CREATE CAST (sly AS json) WITH FUNCTION sly_json(sly) AS IMPLICIT;
	CREATE TABLE sly_users (id int, role sly);
	INSERT INTO sly_users VALUES (1, 'USER');
	SELECT session_auth.adopt_roles('sly_users', 'id', 'role');
	INSERT INTO sly_users VALUES (2, 'ADMIN');
	DELETE FROM sly_users WHERE id = 1;
});
is($ask->('SELECT count(*) FROM calls'), '0', 'casts of a column are never called');
is($ask->(q{SELECT role FROM session_auth.user_roles WHERE user_id = '2'}), 'ADMIN', 'a label is what it is');

# a column that is renamed fails loudly, and adopting again heals it
$ask->('ALTER TABLE "Session" RENAME expires TO until');
my ($status, $out, $err) = $node->psql('postgres', qq{INSERT INTO "Session" ("sessionToken", "userId", until) VALUES ('$second', 'ann', '2100-01-01')});
like($err, qr/column "expires" of an adopted table is missing.*adopt_sessions/s, 'a column that was renamed is named');
$ask->(q{SELECT session_auth.adopt_sessions('"Session"', 'sessionToken', 'userId', 'until')});
$ask->(qq{INSERT INTO "Session" ("sessionToken", "userId", until) VALUES ('$second', 'ann', '2100-01-01')});
is($who->($second), 'ann{ADMIN}', 'adopted with its new name it works');
$ask->(q{ALTER TABLE "Session" RENAME until TO expires; ALTER TYPE "Role" RENAME TO "Role_old"; CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN', 'OWNER');
	ALTER TABLE "User" ALTER role DROP DEFAULT, ALTER role TYPE "Role" USING role::text::"Role"; DROP TYPE "Role_old"});
$ask->($adopt_sessions);
$ask->(q{UPDATE "User" SET role = 'OWNER' WHERE id = 'ann'});
is($who->($second), 'ann{OWNER}', 'an enum can be replaced the way that Prisma does it');

# a dump holds the tables and their triggers; the two calls are repeated
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
$node->command_ok([ 'pg_dump', "--file=$dump", 'postgres' ], 'pg_dump');
unlike(slurp_file($dump), qr/COPY session_auth\.user_roles.*^\d+\tann\t/ms, 'what was adopted is not in it twice');
$node->safe_psql('template1', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', "--file=$dump", 'restored' ], 'it can be restored');
my $restored = sub { return $node->safe_psql('restored', $_[0]) };
is($restored->(q{SELECT count(*) || string_agg(DISTINCT tgenabled::text, '') FROM pg_trigger WHERE tgname LIKE 'session\_auth\_adopt%' AND tgrelid <> 'sly_users'::regclass}), '4A', 'the triggers came along, ENABLE ALWAYS');
is($restored->("SELECT count(*) FROM session_auth.verify_session('$second')"), '0', 'sessions did not');
is($restored->("$adopt_sessions; $adopt_roles"), "1\n1", 'adopting again takes them over');
is($restored->("SELECT user_id || roles::text FROM session_auth.verify_session('$second')"), 'ann{OWNER}', 'and tokens open what they did');
is($restored->(q{SELECT count(*) FROM session_auth.user_roles WHERE user_id IN ('alice', 'bob')}), '2', 'grants by hand were in the dump');

# logical replication applies row by row, and TRUNCATE
$node->safe_psql('template1', 'CREATE DATABASE subscriber');
my $subscriber = sub { return $node->safe_psql('subscriber', $_[0]) };
$subscriber->("CREATE EXTENSION session_auth; $tables; ALTER TYPE \"Role\" ADD VALUE 'OWNER'");
$subscriber->("$adopt_sessions; $adopt_roles");
$ask->(q{CREATE PUBLICATION p FOR TABLE "User", "Session"; SELECT pg_create_logical_replication_slot('s', 'pgoutput')});
$subscriber->('CREATE SUBSCRIPTION s CONNECTION $$' . $node->connstr('postgres') . q{$$ PUBLICATION p WITH (create_slot = false, slot_name = s)});
my $there = sub { return qq{SELECT count(*) = $_[1] FROM session_auth.verify_session('$_[0]')} };
$node->wait_for_subscription_sync($node, 's', 'subscriber');
$ask->("$login ('$first', 'ann', '2100-01-01')");
$node->wait_for_catchup('s');
is($subscriber->("SELECT user_id || roles::text FROM session_auth.verify_session('$first')"), 'ann{OWNER}', 'a login that is replicated opens a session there');
$ask->(qq{DELETE FROM "Session" WHERE "sessionToken" = '$first'});
$node->wait_for_catchup('s');
is($subscriber->($there->($first, 0)), 't', 'a logout ends it there');
$ask->(q{UPDATE "User" SET role = 'USER'});
$node->wait_for_catchup('s');
is($subscriber->(q{SELECT role FROM session_auth.user_roles WHERE user_id = 'ann'}), 'USER', 'a role changes there');
$ask->('TRUNCATE "Session"');
$node->wait_for_catchup('s');
is($subscriber->($there->($second, 0)), 't', 'TRUNCATE ends all there');
$subscriber->('ALTER SUBSCRIPTION s DISABLE; ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s');

# two transactions at once: rows of one role, counted neither too high nor too low
$ask->(q{
	CREATE TABLE grants (id serial PRIMARY KEY, who int, role text);
	SELECT session_auth.adopt_roles('grants', 'who', 'role');
});
my $roles = sub { return $ask->("SELECT string_agg(role, ' ' ORDER BY role) FROM session_auth.user_roles WHERE user_id = '$_[0]'") };
my ($one, $two) = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 2;
my $at_once = sub {
	my ($first, $second, $isolation) = @_;
	$_->{stderr} = '' foreach $one, $two;
	$two->query_safe("BEGIN ISOLATION LEVEL $isolation; SELECT count(*) FROM grants") if $isolation;
	$one->query_safe("BEGIN; $first");
	$two->{stdin} .= ($isolation ? '' : 'BEGIN; ') . "$second;\n\\echo second done\n";
	$two->{run}->pump_nb;
	$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'});
	$one->query_safe('COMMIT');
	pump_until($two->{run}, $two->{timeout}, \$two->{stdout}, qr/second done/);
	my $said = $two->{stderr};
	$two->query('COMMIT');
	return $said;
};
$at_once->(q{INSERT INTO grants VALUES (1, 1, 'FRESH')}, q{INSERT INTO grants VALUES (2, 1, 'FRESH')});
is($ask->('SELECT holders FROM session_auth.adopted_roles a JOIN session_auth.user_roles u USING (grant_id) WHERE u.user_id = \'1\''), '2', 'two rows of one new role at once are two holders');
$at_once->('DELETE FROM grants WHERE id = 1', 'DELETE FROM grants WHERE id = 2');
is($roles->(1), '', 'two that go at once take it along');
$ask->(q{INSERT INTO grants VALUES (1, 1, 'FRESH')});
$at_once->('DELETE FROM grants WHERE id = 1', q{INSERT INTO grants VALUES (2, 1, 'FRESH')});
is($roles->(1), 'FRESH', 'one that comes while the last goes keeps it');
$at_once->(q{INSERT INTO grants VALUES (3, 1, 'FRESH')}, 'DELETE FROM grants WHERE id = 2');
is($roles->(1), 'FRESH', 'one that goes while another comes leaves it');
like($at_once->(q{INSERT INTO grants VALUES (4, 1, 'FRESH')}, 'DELETE FROM grants WHERE id = 3', 'REPEATABLE READ'), qr/could not serialize access/, 'under REPEATABLE READ it is told to try again');
is($roles->(1) . $ask->('SELECT count(*) FROM grants'), 'FRESH2', '… and nothing is lost');
$_->quit foreach $one, $two;
$ask->(q{CREATE TABLE late (who int, role text); INSERT INTO late VALUES (9, 'LATE')});
my $old = $node->background_psql('postgres', on_error_stop => 0);
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
$ask->(q{SELECT session_auth.adopt_roles('late', 'who', 'role')});
$old->query('DELETE FROM late');
like($old->{stderr}, qr/was adopted after this transaction began/, 'a transaction that is older than the adoption cannot take back what it does not see');
$old->quit;
is($roles->(9) . $ask->('SELECT count(*) FROM late'), 'LATE1', '… so row and role stay together');

# rows that are left out are told, with the reasons
$ask->(q{
	CREATE TABLE mixed (token text, who text, ends numeric);
	INSERT INTO mixed VALUES ('short', 'a', 4102444800), (NULL, 'b', 4102444800), (gen_random_uuid(), NULL, 4102444800), (gen_random_uuid(), 'c', 'NaN'),
		(gen_random_uuid(), E'd\n', 4102444800), (gen_random_uuid(), 'e', NULL), (gen_random_uuid(), 'f', 4102444800), (gen_random_uuid(), NULL, 1), (gen_random_uuid(), 'g', 1),
		('0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'h', 4102444800);
	CREATE TABLE mixed_roles (who text, team text, role text);
	INSERT INTO mixed_roles VALUES ('a', 't', 'X'), (NULL, 't', 'X'), ('b', NULL, 'X'), ('c', E't\t', 'X'), ('d', 't', '');
});
($status, $out, $err) = $node->psql('postgres', q{SELECT session_auth.adopt_sessions('mixed', 'token', 'who', 'ends', expires_form => 'seconds')});
is($out, '1', 'of a mixed table one row is adopted');
like($err, qr/WARNING:  9 rows of table public.mixed were not adopted\nDETAIL:  2 without a user, 1 expired already, 1 with 64 hexadecimal digits, which may be a hash, 1 with a token of fewer than 122 random bits, 1 with a user that is no user_id, 1 with an expiry that is no time from 1970 to 9999, 1 without a token, 1 without an expiry\./, '… and the WARNING says how many were not, and why');
($status, $out, $err) = $node->psql('postgres', q{SELECT session_auth.adopt_roles('mixed_roles', 'who', 'role', tenant_column => 'team')});
like($err, qr/WARNING:  4 roles of table public.mixed_roles were not adopted\nDETAIL:  1 with a name that is no role, 1 with a tenant that is none, 1 without a tenant, 1 without a user\./, '… of roles too');
# … where none of a table's rows is wanted, and where digests are adopted as tokens
$ask->(q{
	CREATE TABLE purposes (token text, who text, ends timestamptz, context text, valid boolean);
	INSERT INTO purposes SELECT gen_random_uuid(), 'a', '2100-01-01', 'session', true FROM generate_series(1, 3);
	CREATE TABLE nothing (LIKE purposes);
	CREATE TABLE digests (token_hash text, long text, token text, who text, ends timestamptz);
	INSERT INTO digests SELECT encode(sha256(gen_random_uuid()::text::bytea), 'base64'), encode(sha512(gen_random_uuid()::text::bytea), 'hex'), encode(sha256(gen_random_uuid()::text::bytea), 'base64'), 'a', '2100-01-01' FROM generate_series(1, 200);
});
my $adopt = sub { my ($arguments) = @_; my (undef, $taken, $said) = $node->psql('postgres', "SELECT session_auth.adopt_sessions($arguments)"); return "$taken\n$said" };
my $purposes = q{'token', 'who', 'ends', where_column => };
like($adopt->(qq{'purposes', $purposes 'context', where_value => 'sesion'}), qr/^0\n.*WARNING:  3 rows of table public\.purposes were not adopted\nDETAIL:  3 whose column "context" is not "sesion"\.\n*$/s, 'a where_value that no row has');
unlike($adopt->(qq{'purposes', $purposes 'context', where_value => 'session'}), qr/WARNING/, '… one that they have');
$ask->(q{UPDATE purposes SET context = 'reset' WHERE ctid = '(0,1)'; UPDATE purposes SET valid = false WHERE context = 'reset'});
unlike($adopt->(qq{'purposes', $purposes 'context', where_value => 'session'}), qr/WARNING/, '… or some of them');
unlike($adopt->(qq{'nothing', $purposes 'context', where_value => 'sesion'}), qr/WARNING/, '… and a table without rows');
like($adopt->(q{'digests', 'token_hash', 'who', 'ends'}), qr/^200\n.*WARNING:  column "token_hash" of table public\.digests may hold digests of tokens\nDETAIL:  It is named after them\. .*\nHINT:  .*token_form/s, 'a column that is named after digests');
unlike($adopt->(q{'digests', 'token_hash', 'who', 'ends', token_form => 'sha256-base64'}), qr/WARNING/, '… which is adopted as one');
like($adopt->(q{'digests', 'long', 'who', 'ends'}), qr/WARNING:  column "long" of table public\.digests may hold digests of tokens\nDETAIL:  Its tokens are 128 hexadecimal digits/, 'tokens that look like SHA-512');
unlike($adopt->(q{'digests', 'token', 'who', 'ends'}), qr/WARNING/, 'tokens of 256 random bits in base64 are what they are');
$ask->(q{DROP TABLE purposes, nothing, digests});
my $log_before = -s $node->logfile;
$ask->(q{INSERT INTO mixed VALUES ('0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'h', 4102444800); INSERT INTO mixed VALUES (gen_random_uuid(), NULL, 4102444800)});
my $logged = slurp_file($node->logfile, $log_before);
like($logged, qr/LOG:  a session of table "mixed" was not adopted\n.*DETAIL:  It is a row with 64 hexadecimal digits, which may be a hash\./, 'later the log says so');
$log_before = -s $node->logfile;
$ask->(q{INSERT INTO mixed VALUES (gen_random_uuid(), 'late', 1000000000)});
like(slurp_file($node->logfile, $log_before), qr/LOG:  a session of table "mixed" was not adopted\n.*DETAIL:  It is a row that has expired already/, '… and of one that comes expired, as where its time zone is another');
unlike($logged, qr/without a user/, '… but of guests nothing');

# dropping: the source by whichever command, a schema, the extension
$ask->(q{
	CREATE TYPE shape AS (token text, who text, until timestamptz);
	CREATE TABLE typed OF shape; CREATE TABLE member_table (token text, who text, until timestamptz);
	CREATE TABLE parts (token text, who text, until timestamptz) PARTITION BY LIST (who); CREATE TABLE part PARTITION OF parts DEFAULT;
	INSERT INTO typed VALUES ('typed-0123456789abcdefghijkl', 'ty', '2100-01-01');
	INSERT INTO member_table VALUES ('member-0123456789abcdefghijkl', 'me', '2100-01-01');
	INSERT INTO parts VALUES ('part-0123456789abcdefghijklmn', 'pa', '2100-01-01');
	SELECT session_auth.adopt_sessions(t, 'token', 'who', 'until') FROM unnest('{typed,member_table,parts}'::regclass[]) t;
	CREATE EXTENSION tcn; ALTER EXTENSION tcn ADD TABLE member_table;
	CREATE ROLE tenant; ALTER TABLE part OWNER TO tenant;
});
is(join(' ', map { $who->($_) } qw(typed-0123456789abcdefghijkl member-0123456789abcdefghijkl part-0123456789abcdefghijklmn)), 'ty{} me{} pa{}', 'three tables');
$ask->('SET client_min_messages = error; DROP TYPE shape CASCADE');
is($who->('typed-0123456789abcdefghijkl'), '', 'DROP TYPE ... CASCADE of a typed table ends its sessions');
$ask->('DROP EXTENSION tcn');
is($who->('member-0123456789abcdefghijkl'), '', 'so does DROP EXTENSION of the extension that a table belongs to');
$ask->('DROP OWNED BY tenant');
is($who->('part-0123456789abcdefghijklmn'), '', 'and DROP OWNED of a partition');
my $third = '7d20b3ce-5f18-4e6a-b5d9-c1a20f93e874';
$ask->(qq{$login ('$third', 'ann', '2100-01-01')});
is($who->($third), 'ann{USER}', 'there is a session');
$ask->('DROP TABLE "Session"');
is($who->($third), '', 'dropping its table ends it');
is($ask->(q{SELECT count(*) FROM session_auth.session_events WHERE event = 'source_abandoned' AND detail->>'source' LIKE '%Session%'}) > 0, 1, 'which is recorded');
$ask->('DROP TABLE "User"');
is($ask->(q{SELECT count(*) FROM session_auth.user_roles WHERE user_id = 'ann'}), '0', 'and roles go with theirs');
$ask->(q{CREATE SCHEMA auth; CREATE TABLE auth.users (id int, role text); INSERT INTO auth.users VALUES (7, 'USER'); SELECT session_auth.adopt_roles('auth.users', 'id', 'role')});
$ask->('SET client_min_messages = error; DROP SCHEMA auth CASCADE');
is($ask->(q{SELECT count(*) FROM session_auth.user_roles WHERE user_id = '7'}), '0', 'a schema takes its tables along');
$ask->('CREATE TEMP TABLE t (i int); DROP TABLE t; DROP OWNED BY web');
$restored->('DROP EXTENSION session_auth');
is($restored->(q{SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal}), '0', 'DROP EXTENSION takes the triggers along');
is($restored->(qq{$login ('$first', 'ann', '2100-01-01'); DELETE FROM "Session"; TRUNCATE "User"; SELECT 1}), '1', 'and leaves tables that work');

$node->stop;
done_testing();
