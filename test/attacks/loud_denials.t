# Attack: who may not view a table that denies loudly tells from errors which rows there
# are: one row's key asked for, in the first query of a connection, that has not loaded
# the library yet, with the gate or without, joined, in a prepared statement.
# Holds: each of these queries fails in the same words, be the row there or not.
# Guards: src/executor/demands.c, ask_what_is_demanded(); sql/parts/permissions.sql, planned_with.
# Also: test/pgtap/loud_denials.sql.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('loud_denials');
add_extension($node);
$node->safe_psql('postgres', q{
	SELECT session_auth.import_permissions('{"USER": ["create:accounts"]}'), session_auth.grant_role('bob', 'USER');
	CREATE TABLE accounts (id int PRIMARY KEY, owner text);
	CREATE TABLE open (id int);
	INSERT INTO accounts SELECT n, 'alice' FROM generate_series(1, 1000) n;
	INSERT INTO open SELECT generate_series(1, 2000);
	ANALYZE;
	SELECT session_auth.protect_table('accounts', denied => 'error');
	GRANT ALL ON accounts, open TO app;
});
my $bob = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});

# What one connection is told of one row.
sub told
{
	my ($id, $before, $statement) = @_;
	my ($status, $out, $err) = $node->psql('postgres', sprintf("\\set VERBOSITY sqlstate\n$before;\n$statement", $id), extra_params => [ '--username', 'app' ], on_error_stop => 0);
	return join ' ', $out, $err =~ /ERROR:\s+(\w{5})/g;
}

my %statements = (
	'a row' => 'SELECT FROM accounts WHERE id = %d', 'a join' => 'SELECT a.id FROM open o JOIN accounts a USING (id) WHERE o.id = %d', 'a subquery' => 'SELECT EXISTS (SELECT FROM accounts WHERE id = %d)',
	'an update' => 'UPDATE accounts SET id = id WHERE id = %d', 'a deletion' => 'DELETE FROM accounts WHERE id = %d', 'a lock' => 'SELECT FROM accounts WHERE id = %d FOR SHARE',
	'an upsert' => q{INSERT INTO accounts VALUES (%d, 'bob') ON CONFLICT (id) DO UPDATE SET id = 1}, 'a prepared statement' => 'SET plan_cache_mode = force_generic_plan; PREPARE p AS SELECT FROM accounts WHERE id = $1; EXECUTE p(%d)',
	'a copy' => 'COPY (SELECT FROM accounts WHERE id = %d) TO STDOUT', 'a plan that does not need the table' => 'SELECT l.id FROM (SELECT * FROM open WHERE id < 0) o LEFT JOIN accounts l ON l.id = %d',
);
foreach my $gate (qw(on off))
{
	$node->safe_psql('postgres', "ALTER DATABASE postgres SET session_auth.gate_policies = $gate");
	foreach my $what (sort keys %statements)
	{
		like(told(7, '', $statements{$what}), qr/28000/, "gate $gate, $what: nobody, in a fresh connection, of a row that is there");
		like(told(1700, '', $statements{$what}), qr/28000/, '… and of one that is not');
		my $before = "BEGIN; SELECT FROM session_auth.authenticate('$bob')";
		like(told(7, $before, $statements{$what}), qr/42501/, "gate $gate, $what: bob, of a row that is there");
		is(told(1700, $before, $statements{$what}), told(7, $before, $statements{$what}), '… and of one that is not');
	}
}

done_testing();
