# Attack: members of pg_read_all_data read secrets, private keys and hashes, from the
# tables, from the planner's samples and from where long values lie; members of
# pg_write_all_data, and who was granted everything on every table, give themselves roles
# and sessions with each verb, as a replica too, and by a subscription of theirs.
# Holds: nothing that dumps leave out is read, nothing is written, and pg_dump by such a
# member works as ever (test/t/dump.t). check_policies names them.
# Guards: src/sql/sql_owner.c; sql/parts/schema.sql, guard_tables(); keys.sql, sessions.sql.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('predefined', 'wal_level = logical', 'max_wal_senders = 5', 'autovacuum = off', 'wal_retrieve_retry_interval = 100ms');
add_extension($node);
my $key = join '', map { ('a' .. 'z')[rand 26] } 1 .. 4000;
my @secrets = map { "SecretNumber$_" . 'x' x 40 } 1 .. 4;
my $run = sub { return $node->safe_psql('postgres', $_[0]) };
$run->(join ';', (map { ("SELECT session_auth.add_cookie_secret('express', '$_')", "SELECT session_auth.add_authjs_secret('$_')", "SELECT session_auth.add_key(md5('$_'), 'HS256', '$_')") } @secrets),
	"SELECT session_auth.add_key('long', 'HS256', '$key')", q{SELECT session_auth.create_session('user' || n, metadata => '{"note": "in confidence"}') FROM generate_series(1, 50) n},
	q{SELECT session_auth.revoke_token('jti'), session_auth.expire_user_sessions('user50')},
	q{CREATE TABLE source (id text, role text); INSERT INTO source VALUES ('dora', 'ADMIN'); SELECT session_auth.adopt_roles('source', 'id', 'role')},
	q{CREATE ROLE reader LOGIN IN ROLE pg_read_all_data; CREATE ROLE writer LOGIN IN ROLE pg_read_all_data, pg_write_all_data; CREATE ROLE granted LOGIN; CREATE ROLE indirect LOGIN IN ROLE writer; CREATE ROLE plain LOGIN; CREATE ROLE auditor LOGIN},
	q{GRANT USAGE ON SCHEMA session_auth TO granted, auditor; GRANT ALL ON ALL TABLES IN SCHEMA session_auth TO granted; GRANT SELECT ON session_auth.session_events TO auditor; GRANT SET ON PARAMETER session_replication_role TO writer, granted},
	'CREATE SCHEMA theirs; GRANT ALL ON SCHEMA theirs TO writer, granted, reader', 'ANALYZE');
$run->("SELECT session_auth.rotate_session(token) FROM session_auth.create_session('rotator')");

my @hidden = qw(sessions rotated_tokens session_events key_secrets authjs_secrets cookie_secrets revoked_tokens user_revocations);
my @dumped = qw(roles role_parents permissions user_roles keys adopted_roles);
my $all = $run->(q{SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'session_auth'::regnamespace AND relkind IN ('r', 'p', 'm', 'f')});

sub as
{
	my ($who, $statement) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$statement", extra_params => [ '--username', $who ], on_error_stop => 0);
	return ($out, join ' ', $err =~ /\bERROR:\s+(\w{5})/g);
}

# --- every table, those to come too

foreach my $table (split / /, $all)
{
	my $known = grep { $_ eq $table } @hidden, @dumped;
	my $facts = $run->("SELECT relrowsecurity, relforcerowsecurity, (SELECT string_agg(tgname::text || tgenabled::text, ' ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid AND tgname LIKE 'written%') FROM pg_class c WHERE oid = 'session_auth.$table'::regclass");
	my $shown = $known ? (grep { $_ eq $table } @dumped) : $facts =~ /^f/;
	is($facts, ($shown ? 'f' : 't') . '|f|written_by_ownerA written_replicatedR', "$table: guarded");
}

# --- reading

foreach my $who (qw(reader writer indirect))
{
	is((as($who, "SELECT count(*) FROM session_auth.$_"))[0], '0', "$who sees no row of $_") foreach @hidden;
	is((as($who, "COPY session_auth.$_ TO STDOUT"))[0], '', "$who copies nothing of $_") foreach @hidden;
	is((as($who, "SET row_security = off; TABLE session_auth.$_"))[1], '42501', "$who cannot switch that off for $_") foreach @hidden;
	isnt((as($who, "SELECT count(*) FROM session_auth.$_"))[0], '', "$who reads $_, as pg_dump does") foreach @dumped;
	is((as($who, q{SELECT count(*) FROM pg_stats WHERE schemaname = 'session_auth' AND tablename IN ('} . join(q{', '}, @hidden) . q{')}))[0], '0', "$who: nothing in pg_stats");
	my ($samples) = as($who, q{SELECT string_agg(concat(stavalues1::text, stavalues2::text, stavalues3::text), ' ') FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'session_auth'::regnamespace)});
	like($samples, qr/user1\b/, "$who reads pg_statistic");
	ok($samples !~ /SecretNumber|\\x[0-9a-f]{64}|confidence/, '… and no secret and no hash is there');
	my ($beside) = as($who, join ';', map { "SELECT count(*), string_agg(encode(chunk_data, 'escape'), '') FROM $_" } split / /,
		$run->(q{SELECT string_agg(reltoastrelid::regclass::text, ' ') FROM pg_class WHERE relnamespace = 'session_auth'::regnamespace AND reltoastrelid <> 0}));
	my $front = substr $key, 0, 100;
	ok($beside =~ /\d/ && $beside !~ /\Q$front\E/, "$who: a long secret is not beside its table");
}
is((as('plain', "TABLE session_auth.$_"))[1], '42501', "nobody else reads $_") foreach @hidden;
cmp_ok((as('auditor', 'SELECT count(*) FROM session_auth.session_events'))[0], '>', 50, 'who was granted the events reads them');
is((as('auditor', 'TABLE session_auth.sessions'))[1], '42501', '… and nothing else');
is((as('granted', 'SELECT count(*) FROM session_auth.cookie_secrets'))[0], '0', 'SELECT on secrets shows none, whoever granted it');

# --- writing

my $before = $run->(join ' UNION ALL ', map { "SELECT '$_', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM session_auth.$_ t" } split / /, $all);
my %first = map { split /=/ } split / /, $run->(q{SELECT string_agg(relname || '=' || (SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum = 1), ' ') FROM pg_class c WHERE relnamespace = 'session_auth'::regnamespace AND relkind = 'r'});
foreach my $who (qw(writer granted indirect))
{
	foreach my $table (split / /, $all)
	{
		my $column = $first{$table};
		my @verbs = ("INSERT INTO session_auth.$table SELECT * FROM session_auth.$table", "INSERT INTO session_auth.$table SELECT * FROM session_auth.$table WHERE false", "INSERT INTO session_auth.$table SELECT * FROM session_auth.$table ON CONFLICT DO NOTHING",
			"UPDATE session_auth.$table SET $column = DEFAULT", "DELETE FROM session_auth.$table", "WITH gone AS (DELETE FROM session_auth.$table RETURNING *) SELECT count(*) FROM gone",
			"MERGE INTO session_auth.$table t USING (VALUES (1)) v ON true WHEN MATCHED THEN DELETE", "COPY session_auth.$table FROM STDIN;\n\\.\n");
		push @verbs, "TRUNCATE session_auth.$table CASCADE" if $who eq 'granted';
		foreach my $mode ('', 'SET session_replication_role = replica; ')
		{
			next if $mode && $who eq 'indirect';
			my $states = join ' ', map { s/\s+\z//r } map { (as($who, "$mode$_"))[1] || "none: $_" } $mode ? @verbs[0, 3 .. 4] : @verbs;
			like($states, qr/^(?:(?:42501|428C9|0A000) ?)+$/, "$who writes nothing into $table" . ($mode && ' as a replica'));
		}
	}
}
my ($rows, $state) = as('writer', q{WITH mine AS (INSERT INTO session_auth.user_roles (user_id, role) VALUES ('mallory', 'ADMIN') RETURNING *) SELECT 'seen' FROM mine, pg_sleep(0)});
is("$rows$state", '42501', 'no row is there for the rest of the statement either');
is((as('granted', 'CREATE TABLE theirs.child () INHERITS (session_auth.user_roles)'))[1], '42501', 'nor inherited from');
is($run->(join ' UNION ALL ', map { "SELECT '$_', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM session_auth.$_ t" } split / /, $all), $before, 'everything is as it was');

# --- a subscription that belongs to a member

$run->('CREATE DATABASE far');
$node->safe_psql('far', q{CREATE SCHEMA session_auth; CREATE TABLE session_auth.roles (role text PRIMARY KEY); CREATE PUBLICATION p FOR ALL TABLES; SELECT pg_create_logical_replication_slot('slot', 'pgoutput')});
$run->('CREATE ROLE subscriber SUPERUSER LOGIN IN ROLE pg_write_all_data');
my $more = $node->pg_version >= 16 ? ', password_required = false, run_as_owner = true' : '';
my $conninfo = $node->connstr('far');
as('subscriber', "CREATE SUBSCRIPTION s CONNECTION \$\$$conninfo user=" . $run->('SELECT current_user') . "\$\$ PUBLICATION p WITH (create_slot = false, slot_name = slot, copy_data = false, enabled = false$more)");
$run->('ALTER ROLE subscriber NOSUPERUSER; ALTER SUBSCRIPTION s ENABLE; ALTER SUBSCRIPTION s SET (disable_on_error = true)');
$node->safe_psql('far', q{INSERT INTO session_auth.roles VALUES ('MALLORY')});
ok($node->poll_query_until('postgres', q{SELECT NOT subenabled FROM pg_subscription}), 'its worker fails');
is($run->(q{SELECT count(*) FROM session_auth.roles WHERE role = 'MALLORY'}), '0', '… and brought no role');
like(slurp_file($node->logfile), qr/ERROR:  permission denied for table roles/, '… as it may not');
$run->('ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s');

# --- what the owner and its functions do

is($run->(q{SELECT session_auth.create_role('NEW'), session_auth.grant_role('eve', 'NEW'), session_auth.drop_role('NEW')}), '|t|', 'functions write, and foreign keys follow');
is($run->(q{SELECT count(*) FROM session_auth.user_roles WHERE user_id = 'eve'}), '0', '… to the end');
is($run->(q{INSERT INTO session_auth.roles VALUES ('BY HAND'); DELETE FROM session_auth.roles WHERE role = 'BY HAND' RETURNING role}), 'BY HAND', 'so does the owner');

# --- check_policies names them

is($run->(q{SELECT string_agg(DISTINCT severity || ' ' || object || ' ' || substring(problem from 'pg_\w+'), ', ' ORDER BY severity || ' ' || object || ' ' || substring(problem from 'pg_\w+')) FROM session_auth.check_policies() WHERE problem LIKE '%member of pg%'}),
	join(', ', 'warning indirect pg_read_all_data', 'warning indirect pg_write_all_data', 'warning reader pg_read_all_data', 'warning subscriber pg_write_all_data', 'warning writer pg_read_all_data', 'warning writer pg_write_all_data'), 'check_policies names those who log in, inherited memberships too');

$node->stop;
done_testing();
