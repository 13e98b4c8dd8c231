# Attack: savepoints, releases, rollbacks, failed and foreign authentications in
# any order, to be left with an identity that was rolled back or a stale pointer.
# Holds: at every step exactly the identity that was in force there, by a model
# that walks along. Guards: src/identity/identity.c, write_setting() and identity_assign_hook().
# Also: test/pgtap/identity.sql, test/attacks/identity_and_roles.sql,
# test/attacks/transaction_end.sql.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('savepoints');
add_extension($node);
$node->safe_psql('postgres', q{
	CREATE FUNCTION pinned(t text) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog
		AS $$ BEGIN RETURN (session_auth.authenticate(t)).user_id; END $$;
	CREATE FUNCTION undone(t text) RETURNS void LANGUAGE plpgsql AS $$
		BEGIN PERFORM session_auth.authenticate(t); RAISE EXCEPTION 'undo'; EXCEPTION WHEN raise_exception THEN NULL; END $$;
});
my %token = map { $_ => $node->safe_psql('postgres', "SELECT token FROM session_auth.create_session('$_')") } qw(alice bob carol);
my $who = q{SELECT coalesce(session_auth.user_id(), 'nobody')};
my $seed = $ENV{SESSION_AUTH_SEED} // int(rand(1 << 30));
srand($seed);

# [identity in force, what it falls back to when the transaction ends]
my ($script, @expected) = ("\\set ON_ERROR_STOP off\n");
my @stack = ([ 'nobody', 'nobody' ]);
my $in_transaction = 0;
sub now { return $stack[-1] }
sub step
{
	my ($statement) = @_;
	$script .= "$statement;\n\\echo \@\n$who;\n";
	push @expected, now()->[0] . " after $statement";
	return;
}

foreach my $n (1 .. 1500)
{
	my $user = (keys %token)[ int(rand(3)) ];
	my $dice = int(rand(12));
	if (!$in_transaction)
	{
		if ($dice < 2)
		{
			@stack = ([ $user, $user ]);
			step("SELECT FROM session_auth.authenticate('$token{$user}', 'connection')");
		}
		else
		{
			$in_transaction = 1;
			@stack = ([ now()->[1], now()->[1] ]) x 2;
			@stack = map { [ @$_ ] } @stack;
			step('BEGIN');
		}
		next;
	}
	if ($dice < 3) { now()->[0] = $user; step(($dice ? 'SELECT FROM session_auth.authenticate' : 'SELECT FROM pinned') . "('$token{$user}')") }
	elsif ($dice == 3) { @{ now() } = ($user, $user); step("SELECT FROM session_auth.authenticate('$token{$user}', 'connection')") }
	elsif ($dice == 4) { @{ now() } = ('nobody', 'nobody'); step('SELECT FROM session_auth.deauthenticate()') }
	elsif ($dice == 5) { step("SELECT FROM undone('$token{$user}')") }
	elsif ($dice < 8 && @stack < 8) { push @stack, [ @{ now() } ]; step('SAVEPOINT s' . $#stack) }
	elsif ($dice == 8 && @stack > 2)
	{
		my $to = 2 + int(rand(@stack - 2));
		my $last = now();
		splice @stack, $to;
		$stack[-1] = $last;
		step("RELEASE s$to");
	}
	elsif ($dice < 11 && @stack > 2)
	{
		my $to = 2 + int(rand(@stack - 2));
		my $failing = rand() < 0.5 ? "SELECT FROM session_auth.authenticate('no token');\n" : '';
		splice @stack, $to + 1;
		$stack[$to] = [ @{ $stack[ $to - 1 ] } ];
		$script .= $failing;
		step("ROLLBACK TO s$to");
	}
	elsif ($dice == 11)
	{
		my $end = int(rand(3));
		my ($before, $last) = ($stack[0], now());
		my $left = $end == 0 ? $last->[1] : $before->[1];
		@stack = ([ $left, $left ]);
		$in_transaction = 0;
		$script .= "SELECT 1 / 0;\n" if $end == 2;
		step($end == 1 ? 'ROLLBACK' : 'COMMIT');
	}
}

my ($out, $err) = ('', '');
$node->psql('postgres', $script, stdout => \$out, stderr => \$err, on_error_stop => 0);
my @came = map { (split /\n/)[0] // '' } (split /^\@\n/m, $out)[ 1 .. scalar(@expected) ];
my @wrong = grep { ($came[$_] // '') ne (split / /, $expected[$_])[0] } 0 .. $#expected;
is(scalar(@came), scalar(@expected), 'every step was answered');
is(scalar(@wrong), 0, 'and each had the identity that was in force there') or
	diag("seed $seed, step $wrong[0]: $came[$wrong[0]], expected $expected[$wrong[0]]; before it: " . join(' | ', map { $expected[$_] } grep { $_ >= 0 } $wrong[0] - 8 .. $wrong[0] - 1));
cmp_ok(scalar(grep { !/^nobody/ } @expected), '>', 300, 'many of them had one');

$node->stop;
done_testing();
