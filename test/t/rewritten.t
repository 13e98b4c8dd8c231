# Transactions of REPEATABLE READ and SERIALIZABLE that are older than a table's
# file: emptied and filled again, or written anew by REPACK (CONCURRENTLY), it looks
# empty to what reads with their snapshot. What is shown is what verification says,
# and what would change or take back something that it cannot see is refused.
# Siblings: test/specs/revoke_repeatable_read.spec, test/t/logical.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('rewritten', 'wal_level = logical', 'autovacuum = off');
add_extension($node);
my $major = $node->safe_psql('postgres', q{SELECT current_setting('server_version_num')::integer / 10000});
my @tables = qw(sessions rotated_tokens session_events roles role_parents permissions user_roles keys key_secrets authjs_secrets cookie_secrets revoked_tokens user_revocations adopted_roles bans protections column_protections token_secrets allowed_audiences connected_nodes);
# these are read by C alone, or empty but for an instant, and nothing finds their rows by a key
my @without_key = qw(permission_changes protection_checks);

$node->safe_psql('postgres', q{
	SELECT session_auth.create_role('CHIEF', '{ADMIN}');
	SELECT session_auth.add_key('k', 'HS256', 'a secret of more than thirty-two bytes', 'https://i', '{us,them}', valid_until => '2099-01-01');
	SELECT session_auth.add_key('a', 'EdDSA', '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}');
	SELECT session_auth.add_authjs_secret('the secret of an application'), session_auth.add_cookie_secret('better-auth', 'another secret');
	SELECT session_auth.revoke_token('jti'), session_auth.expire_user_sessions('zoe');
	CREATE TABLE people (id text PRIMARY KEY, role text);
	INSERT INTO people VALUES ('carol', 'USER'), ('dave', 'ADMIN');
	SELECT session_auth.adopt_roles('people', 'id', 'role');
	CREATE TABLE logins (token text PRIMARY KEY, person text, until timestamptz);
	INSERT INTO logins VALUES ('6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de', 'carol', now() + interval '1 day');
	SELECT session_auth.adopt_sessions('logins', 'token', 'person', 'until');
});
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class c WHERE relnamespace = 'session_auth'::regnamespace AND relkind IN ('r', 'p')}), @tables + @without_key, 'these are all tables');
is($node->safe_psql('postgres', q{
	SELECT string_agg(c.relname, ' ') FROM pg_class c WHERE c.relnamespace = 'session_auth'::regnamespace AND c.relkind IN ('r', 'p')
	AND c.relname <> ALL (string_to_array('} . join(' ', @without_key) . q{', ' ')) AND (c.relreplident <> 'd' OR NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))}), '', 'each has a primary key, by which REPACK and replication find rows');

# All tables, in files of their own, with what was in them.
sub filled_again
{
	my @kept = map { "CREATE TEMPORARY TABLE kept_$_ ON COMMIT DROP AS TABLE session_auth.$_;" } @tables;
	my @filled = map { "INSERT INTO session_auth.$_ OVERRIDING SYSTEM VALUE TABLE kept_$_;" } @tables;
	$node->safe_psql('postgres', join "\n", 'BEGIN;', @kept, 'TRUNCATE ' . join(', ', map { "session_auth.$_" } @tables) . ';', @filled, 'COMMIT');
	return;
}

sub repacked
{
	$node->safe_psql('postgres', "REPACK (CONCURRENTLY) session_auth.$_") foreach @tables;
	return;
}

my $shown = q{SELECT session_auth.export_permissions(), (SELECT array_agg(k ORDER BY n) FROM session_auth.list_keys() WITH ORDINALITY k (kid, algorithm, issuer, audiences, role_claim, tenant_claim, state, valid_from, valid_until, fingerprint, n)), session_auth.has_permission('CHIEF', 'view', 'accounts')};
my @refused = (
	q{SELECT session_auth.grant_role('erin', 'USER')}, q{SELECT session_auth.revoke_role('alice', 'ADMIN')},
	q{SELECT session_auth.grant_permission('ADMIN', 'edit', 'accounts')}, q{SELECT session_auth.deny_permission('ADMIN', 'view', 'accounts')},
	q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts')}, q{SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}')},
	q{SELECT session_auth.create_role('NEW', '{ADMIN}')}, q{SELECT session_auth.drop_role('USER')},
	q{SELECT session_auth.inherit_role('USER', 'ADMIN')}, q{SELECT session_auth.disinherit_role('CHIEF', 'ADMIN')},
	q{SELECT session_auth.disable_key('k')}, q{SELECT session_auth.drop_key('k')}, q{SELECT session_auth.import_jwks('https://i', '{"keys": []}')},
	q{SELECT session_auth.drop_authjs_secret('the secret of an application')}, q{SELECT session_auth.drop_cookie_secret('better-auth', 'another secret')},
	q{SELECT session_auth.add_cookie_secret('better-auth', 'another secret')},
	q{SELECT session_auth.purge_sessions()},
	q{DELETE FROM people WHERE id = 'carol'}, q{UPDATE people SET role = 'USER' WHERE id = 'dave'}, q{TRUNCATE people}, q{TRUNCATE logins},
	q{SELECT session_auth.abandon('people')}, q{SELECT session_auth.abandon('logins')}, q{SELECT session_auth.take_over_roles('people')}, q{SELECT session_auth.take_over_sessions('logins')});

sub state_of
{
	my ($connection, $statement) = @_;
	$connection->{stderr} = '';
	$connection->query("SAVEPOINT before; \\set VERBOSITY sqlstate\n$statement; \nROLLBACK TO before");
	my @states = $connection->{stderr} =~ /\bERROR:\s+(\w{5})/g;
	$connection->{stderr} = '';
	return "@states";
}

sub older_transactions
{
	my ($what, $rewrite) = @_;
	my $expected = $node->safe_psql('postgres', $shown);
	my @open = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 3;
	my @levels = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
	$open[$_]->query_safe("BEGIN ISOLATION LEVEL $levels[$_]; SELECT count(*) FROM pg_class") foreach 0 .. 2;
	$rewrite->();
	is($open[$_]->query_safe($shown), $expected, "$what, $levels[$_]: what is shown is what there is") foreach 0 .. 2;
	is(state_of($open[0], $_), '', "$what, READ COMMITTED: $_") foreach @refused;
	foreach my $n (1, 2)
	{
		is(state_of($open[$n], $_), '40001', "$what, $levels[$n]: $_") foreach @refused;
		$open[$n]->query_safe('ROLLBACK');
		$open[$n]->query_safe("BEGIN ISOLATION LEVEL $levels[$n]");
		is(state_of($open[$n], $_), '', "$what, $levels[$n], retried: $_") foreach $refused[0], $refused[1];
	}
	$_->query_safe('ROLLBACK'), $_->quit foreach @open;
	return;
}

older_transactions('filled again', \&filled_again);
SKIP:
{
	skip 'REPACK came with 19', 1 if $major < 19;
	older_transactions('repacked', \&repacked);
}

# What the transaction itself has emptied is no reason to refuse, nor is what is
# merely changed.
my $old = $node->background_psql('postgres', on_error_stop => 0);
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class; TRUNCATE session_auth.permissions');
$node->safe_psql('postgres', 'VACUUM ANALYZE session_auth.roles');
is($old->query(q{SELECT session_auth.grant_permission('ADMIN', 'view', 'accounts')}), 't', q{a transaction's own TRUNCATE is no reason to refuse, nor is a VACUUM});
$old->query_safe('ROLLBACK');

# Roles and inheritance that are newer than the snapshot.
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
$node->safe_psql('postgres', q{SELECT session_auth.create_role('LATE'), session_auth.create_role('LATER', '{LATE}'), session_auth.inherit_role('ADMIN', 'USER')});
is($old->query(q{SELECT session_auth.export_permissions() ? 'LATE'}), 't', 'a role that is newer than the snapshot is shown');
is(state_of($old, q{SELECT session_auth.grant_role('alice', 'LATE')}), '40001', '… and granting it can be retried');
is(state_of($old, q{SELECT session_auth.grant_role('alice', 'NEVER')}), '22023', '… one that does not exist, not');
is(state_of($old, q{SELECT session_auth.inherit_role('USER', 'CHIEF')}), '22023', 'an inheritance that is newer than the snapshot closes a cycle, too');
$old->query_safe('ROLLBACK');
is($old->query(q{SELECT session_auth.grant_role('alice', 'LATE')}), 't', 'afterwards it is granted');
$old->quit;

$node->stop;
done_testing();
