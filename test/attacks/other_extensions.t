# Attack: another extension puts functions of its own in the place of what the executor calls
# for a scan that has a gate, before its first row and after, and another filter in the place of
# the gate. Holds: it is called for every row; the rows are the same; a gate that was taken away
# is no open one, but an error. Guards: src/executor/gate.c, remove_gate() and pass_gate().
use strict;
use warnings;
use Cwd qw(abs_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $dir = abs_path(PostgreSQL::Test::Utils::tempdir());
my $other = abs_path('test/other/other.mk');
{
	local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
	delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
	my $out = `make --silent --directory=$dir --file=$other with_llvm=no other.so 2>&1`;
	BAIL_OUT("the other extension does not build: $out") if $?;
}

my $node = PostgreSQL::Test::Cluster->new('other_extensions');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION session_auth;
	CREATE FUNCTION other_replace(cursor text, what text) RETURNS void LANGUAGE c STRICT AS '$dir/other';
	CREATE FUNCTION other_calls() RETURNS int LANGUAGE c AS '$dir/other';
	CREATE ROLE app;
	SELECT session_auth.grant_usage('app', 'request');
	SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}');
	SELECT session_auth.grant_role('alice', 'ADMIN');
	CREATE TABLE accounts (id int, owner text);
	INSERT INTO accounts SELECT n, 'alice' FROM generate_series(1, 100) n;
	GRANT SELECT ON accounts TO app;
	ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
});
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});

# The rows that a cursor has after $first that were fetched before the replacement, and the calls for them.
sub fetch
{
	my ($first, $what, $who) = @_;
	my ($ret, $out, $err) = $node->psql('postgres', qq{
		BEGIN;
		SELECT FROM session_auth.authenticate('$who');
		SET LOCAL ROLE app;
		DECLARE c CURSOR FOR SELECT id FROM accounts;
		MOVE $first FROM c;
		SET LOCAL ROLE postgres;
		SELECT other_replace('c', '$what');
		SET LOCAL ROLE app;
		MOVE 20 FROM c;
		FETCH ALL FROM c;
		SET LOCAL ROLE postgres;
		SELECT 'calls ' || other_calls();
	}, on_error_stop => 1);
	return ($out, $err);
}

my $permission = q{(SELECT session_auth.has_permission('view', 'accounts'))};
my %policies = (
	'a gate for good' => $permission,
	'a gate for good before other conditions' => "$permission AND owner = session_auth.user_id()",
	'a gate that is asked again' => q{session_auth.has_permission('view', 'accounts')},
	'… before other conditions' => q{session_auth.has_permission('view', 'accounts') AND owner <> 'bob'});
foreach my $name (sort keys %policies)
{
	$node->safe_psql('postgres', "DROP POLICY IF EXISTS p ON accounts; CREATE POLICY p ON accounts USING ($policies{$name})");
	foreach my $first (0, 1)
	{
		foreach my $what ('function', 'real function')
		{
			my ($out, $err) = fetch($first, $what, $token);
			my @rows = grep { /^\d+$/ } split /\n/, $out;
			is("@rows", join(' ', 21 + $first .. 100), "$name: every row after $first and a replaced $what") or diag($err);
			# PostgreSQL itself puts the real function in the place of the first call's
			my ($calls) = $out =~ /^calls (\d+)/m;
			my $wanted = $first == 0 && $what eq 'function' ? 1 : 101 - $first;
			is($calls, $wanted, '… and it is called for each');
		}
	}
}
foreach my $what ('filter', 'no filter')
{
	my ($out, $err) = fetch(0, $what, $token);
	like($err, qr/ERROR:  another extension has replaced the filter of a scan/, "a gate that is gone is an error: $what");
	unlike($out, qr/^21$/m, '… and no row');
}
$node->stop;
done_testing();
