# SQL that nobody has read, as docs/agents.md has it sent: one statement a message, by the
# extended protocol; and what a stacked statement comes to by the simple one.
# Also: test/attacks/narrowed.sql, test/t/portals.t.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;
use WireProtocol;

my $node = new_server('agents');
add_extension($node);
my $alice = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
$node->safe_psql('postgres', q{
	SELECT session_auth.import_permissions('{"ADMIN": ["*:accounts", "*:salaries"]}'), session_auth.grant_role('alice', 'ADMIN');
	CREATE TABLE accounts AS SELECT 'alice' AS owner FROM generate_series(1, 3);
	CREATE TABLE salaries AS SELECT 'alice' AS owner FROM generate_series(1, 5);
	SELECT session_auth.protect_table('accounts'), session_auth.protect_table('salaries');
	GRANT ALL ON accounts, salaries TO app;
});

my $connection = WireProtocol->new($node);

# What comes back, and the state that the transaction is in.
sub ask { return join(' ', $connection->ask('Z', @_)) }

# By the simple protocol, which takes several statements, and by the extended one.
sub simple { return ask(message('Q', "$_[0]\0")) }
sub extended { return ask(message('P', "\0$_[0]\0" . pack('n', 0)), message('B', "\0\0" . pack('nnn', 0, 0, 0)), message('E', "\0" . pack('N', 0)), message('S', '')) }

my $both = q{SELECT (SELECT count(*) FROM accounts) || '+' || (SELECT count(*) FROM salaries)};

# The recipe, up to their SQL.
sub begin
{
	simple('BEGIN READ ONLY');
	simple("SELECT user_id FROM session_auth.authenticate('$alice')");
	simple(q{SELECT session_auth.narrow('{view:accounts}')});
	simple(q{SET LOCAL statement_timeout = '500ms'});
	return;
}

# Runs their SQL, and says what it gave and what is left for whoever comes next.
sub recipe
{
	my ($send, $sql) = @_;
	begin();
	my $came = $send->($sql);
	simple('ROLLBACK');
	return "$came, then " . simple($both);
}

is(simple("BEGIN; SELECT user_id FROM session_auth.authenticate('$alice'); $both; ROLLBACK"), 'alice 3+5 I', 'what alice may see');
is(recipe(\&extended, $both), '3+0 T, then 0+0 I', 'narrowed, and nobody afterwards');
is(recipe(\&extended, "COMMIT; $both"), 'error 42601 E, then 0+0 I', 'two statements are refused before either runs');
is(recipe(\&extended, "SELECT 1; SELECT user_id FROM session_auth.authenticate('$alice')"), 'error 42601 E, then 0+0 I', '… also with a token');
is(recipe(\&extended, 'COMMIT'), 'I, then 0+0 I', 'COMMIT alone was all');
is(recipe(\&extended, 'COMMIT AND CHAIN'), 'T, then 0+0 I', '… and so was COMMIT AND CHAIN');
is(recipe(\&extended, 'DELETE FROM accounts'), 'error 25006 E, then 0+0 I', 'nothing is written');
is(recipe(\&extended, q{SELECT set_config('transaction_read_only', 'off', true)}), 'error 25001 E, then 0+0 I', '… nor can that be changed');
is(recipe(\&extended, 'SELECT session_auth.sign_out()'), 'error 25006 E, then 0+0 I', 'nobody is signed out');
is(recipe(\&extended, 'SELECT pg_sleep(60)'), 'error 57014 E, then 0+0 I', 'a long query ends');
is(recipe(\&extended, q{SELECT count(*) FROM (SELECT set_config('statement_timeout', '0', true) FROM generate_series(1, 2)) s, LATERAL pg_sleep(30)}), 'error 57014 E, then 0+0 I', '… also one that asks for more time');
is(recipe(\&extended, "DO \$\$ BEGIN COMMIT; PERFORM session_auth.authenticate('$alice'); END \$\$"), 'error 2D000 E, then 0+0 I', 'DO cannot end the transaction');
is(recipe(\&extended, "SELECT user_id FROM session_auth.authenticate('$alice')"), 'error 55000 E, then 0+0 I', 'a token opens nothing');

# what the extended protocol is for: by the simple one they end the transaction, and are nobody, unless they have a token
is(recipe(\&simple, "COMMIT; $both"), '0+0 I, then 0+0 I', 'stacked behind COMMIT, by the simple protocol: nobody');
is(recipe(\&simple, "COMMIT; BEGIN; SELECT user_id FROM session_auth.authenticate('$alice'); $both; COMMIT"), 'alice 3+5 I, then 0+0 I', '… but whoever has a token is its user');

# a pipeline is one transaction up to its Sync
begin();
is(ask(map({ (message('P', "\0$_\0" . pack('n', 0)), message('B', "\0\0" . pack('nnn', 0, 0, 0)), message('E', "\0" . pack('N', 0))) } $both, q{SELECT session_auth.narrow('{}')}, $both), message('S', '')), '3+0  0+0 T', 'a pipeline narrows further');
simple('ROLLBACK');

done_testing();
