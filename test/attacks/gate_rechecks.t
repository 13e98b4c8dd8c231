# Attack: rows that change while a gated query waits for their lock (EvalPlanQual
# starts the scan anew for the newest version), or a permission that is revoked while
# it waits. Holds: the recheck asks the policy of the newest row, with the gate as
# without it; nothing is updated, deleted or returned that the policy would hide.
# Guards: src/executor/gate.c, add_gate() (the condition stays in the plan).
# Also: test/pgtap/gate.sql, test/attacks/gate.sql, test/attacks/gate_changes.sql,
# test/attacks/gate_subplans.sql.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('gate_rechecks');
add_extension($node);
$node->safe_psql('postgres', q{
	SELECT session_auth.import_permissions('{"ADMIN": ["*:accounts"]}');
	CREATE TABLE accounts (id int PRIMARY KEY, owner text, n int DEFAULT 0);
	CREATE TABLE other (id int, note text);
	INSERT INTO other VALUES (1, 'x'), (2, 'y');
	SELECT session_auth.protect_table('accounts', owner_column => 'owner');
	GRANT ALL ON accounts, other TO app;
});
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $owner = $node->background_psql('postgres');

# Starts the statement as alice, waits until it waits, then commits the other's change.
sub race
{
	my ($statement, $change, $gate) = @_;
	$node->safe_psql('postgres', q{TRUNCATE accounts; INSERT INTO accounts VALUES (1, 'alice'), (2, 'alice')});
	$owner->query_safe("BEGIN; $change");
	my ($out, @script) = ('', "SET session_auth.gate_policies = $gate", "SET session_auth.fold_filters = $gate", 'SET ROLE app', 'BEGIN', "SELECT FROM session_auth.authenticate('$token')", $statement, 'COMMIT');
	my $run = IPC::Run::start([ 'psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--host', $node->host, '--port', $node->port, 'postgres',
		map { ('--command', $_) } @script ], '>', \$out, '2>&1');
	$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')});
	$owner->query_safe('COMMIT');
	$run->finish;
	$out =~ s/^\n+|\n+$//g;
	return $out;
}

my %given_away = (
	'UPDATE' => [ q{UPDATE accounts SET n = n + 1 WHERE id = 1 RETURNING owner}, '' ],
	'DELETE' => [ q{DELETE FROM accounts WHERE id = 1 RETURNING owner}, '' ],
	'FOR UPDATE' => [ q{SELECT owner FROM accounts WHERE id = 1 FOR UPDATE}, '' ],
	'FOR UPDATE, joined' => [ q{SELECT a.owner FROM other o JOIN accounts a USING (id) WHERE a.id = 1 FOR UPDATE OF a}, '' ],
	'UPDATE FROM' => [ q{UPDATE other o SET note = a.owner FROM (SELECT * FROM accounts WHERE id = 1 FOR UPDATE) a WHERE o.id = a.id RETURNING a.owner}, '' ],
	'NOWAIT of the other row' => [ q{SELECT owner FROM accounts WHERE id = 2 FOR UPDATE NOWAIT; SELECT owner FROM accounts WHERE id = 1 FOR SHARE}, 'alice' ],
	'an update that keeps the owner' => [ q{UPDATE accounts SET n = n + 1 WHERE id = 1 RETURNING n}, '11', q{UPDATE accounts SET n = 10 WHERE id = 1} ]);
foreach my $name (sort keys %given_away)
{
	my ($statement, $wanted, $change) = @{ $given_away{$name} };
	my %came = map { $_ => race($statement, $change // q{UPDATE accounts SET owner = 'bob' WHERE id = 1}, $_) } qw(off on);
	is($came{on}, $wanted, "$name, while the row " . ($change ? 'changes' : 'is given away'));
	is($came{on}, $came{off}, '… as without the gate');
}

# a permission that goes while a statement waits: it had begun before, the next has not
my $next = race(q{SELECT count(*) FROM (SELECT FROM accounts WHERE id = 1 FOR UPDATE) a; SELECT 'then ' || count(*) FROM accounts},
	q{UPDATE accounts SET n = 1 WHERE id = 1; SELECT session_auth.deny_permission('ADMIN', 'view', 'accounts')}, 'on');
like($next, qr/then 0$/, 'a permission that is denied meanwhile: gone at the next statement');

$owner->quit;
$node->stop;
done_testing();
