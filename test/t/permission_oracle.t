# Random changes of roles and permissions by several connections, in transactions of all
# isolation levels, with savepoints and rollbacks, against an oracle in plain SQL: after each
# step some connection asks all questions, and every answer must be what the tables say, as
# they are now for this connection.  Two roles are too large to be read at once, so that
# answers come from the index, from what was remembered, and from whole sets.
# test/pgtap/effects.sql has the meaning of permissions, test/t/storm.t changes at the same time.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $seed = $ENV{SESSION_AUTH_SEED} // 20260;
my $steps = $ENV{SESSION_AUTH_STEPS} // 1200;
srand($seed);
diag("seed $seed") if $ENV{SESSION_AUTH_SEED};

my $node = new_server('permission_oracle', "jit = off\nlock_timeout = 100ms\nautovacuum_naptime = 1s");
add_extension($node);
$node->safe_psql('postgres', q{
	INSERT INTO session_auth.roles SELECT 'W' || n FROM generate_series(1, 6) n;
	INSERT INTO session_auth.permissions SELECT 'W1', 'view', 'filler:' || n, false FROM generate_series(1, 200) n;
	INSERT INTO session_auth.permissions SELECT 'W2', a, 'filler:' || n, n % 3 = 0 FROM generate_series(1, 4000) n, unnest('{view,edit}'::text[]) a;
	INSERT INTO session_auth.role_parents VALUES ('W4', 'W2'), ('W5', 'W1'), ('W6', 'W3');
	CREATE TABLE asked AS SELECT unnest('{a,a:b,a:b:c,a/b,filler:7,filler:9,filler:300,x}'::text[]) COLLATE "C" AS resource;
	CREATE VIEW closure AS
	WITH RECURSIVE c AS (
		SELECT role, role AS via FROM session_auth.roles
		UNION
		SELECT c.role, p.parent FROM c JOIN session_auth.role_parents p ON p.role = c.via)
	SELECT * FROM c;
	CREATE VIEW oracle AS
	WITH held AS MATERIALIZED (
		SELECT c.role, p.action, p.resource, p.denied FROM closure c JOIN session_auth.permissions p ON p.role = c.via
		AND p.resource IN ('a', 'a:b', 'a:b:c', 'a/b', '*', 'a:*', 'a/*', 'a:b:*', 'filler:7', 'filler:9', 'filler:*', 'filler:300'))
	SELECT r.role, a.action, s.resource, coalesce(bool_and(NOT h.denied), false) AS expected
	FROM (SELECT 'W' || generate_series(1, 6) AS role) r CROSS JOIN unnest('{view,edit}'::text[]) a (action) CROSS JOIN asked s
	LEFT JOIN held h ON h.role = r.role AND h.action IN ('*', a.action)
		AND (h.resource IN ('*', s.resource) OR h.resource LIKE '%*' AND starts_with(s.resource, left(h.resource, -1)))
	GROUP BY 1, 2, 3;
	CREATE VIEW wrong AS
	SELECT role, action, resource, expected FROM oracle o WHERE expected <> session_auth.has_permission(role, action, resource);
	-- many questions to a large role: it is read whole on the way
	CREATE VIEW wrong_fillers AS
	WITH held AS MATERIALIZED (
		SELECT p.resource, p.denied FROM closure c JOIN session_auth.permissions p ON p.role = c.via WHERE c.role = 'W2' AND p.action IN ('*', 'edit'))
	SELECT n FROM generate_series(1, 500) n LEFT JOIN held h ON h.resource = 'filler:' || n
	GROUP BY n
	HAVING session_auth.has_permission('W2', 'edit', 'filler:' || n)
		<> coalesce(bool_and(NOT h.denied) AND NOT EXISTS (SELECT FROM held WHERE resource IN ('*', 'filler:*') AND denied),
			(SELECT bool_and(NOT denied) FROM held WHERE resource IN ('*', 'filler:*')), false);
});

sub pick { return $_[ int(rand(@_)) ] }
sub role { return 'W' . (1 + int(rand(6))) }
my @resources = ('a', 'a:b', 'a:b:c', 'a/b', '*', 'a:*', 'a/*', 'a:b:*', 'filler:7', 'filler:9', 'filler:*', 'filler:300');

# Each returns a statement; most change one thing, some many.
my @changes = (
	(sub { sprintf q{SELECT session_auth.%s_permission('%s', '%s', '%s')}, pick(qw(grant deny revoke)), role(), pick(qw(view edit *)), pick(@resources) }) x 8,
	(sub { sprintf q{INSERT INTO session_auth.permissions VALUES ('%s', '%s', '%s', %s) ON CONFLICT DO NOTHING}, role(), pick(qw(view edit *)), pick(@resources), pick(qw(true false)) }) x 3,
	(sub { sprintf q{DELETE FROM session_auth.permissions WHERE role = '%s' AND resource = '%s'}, role(), pick(@resources) }) x 4,
	sub { sprintf q{UPDATE session_auth.permissions p SET denied = NOT denied WHERE role = '%s' AND resource = '%s' AND NOT EXISTS (SELECT FROM session_auth.permissions o WHERE o.role = p.role AND o.action = p.action AND o.resource = p.resource AND o.denied <> p.denied)}, role(), pick(@resources) },
	sub { sprintf q{UPDATE session_auth.permissions p SET role = '%s' WHERE role = '%s' AND resource = '%s' AND NOT EXISTS (SELECT FROM session_auth.permissions o WHERE o.role = '%1$s' AND o.action = p.action AND o.resource = p.resource)}, role(), role(), pick(@resources) },
	sub { sprintf q{UPDATE session_auth.permissions SET denied = NOT denied WHERE role = 'W2' AND resource BETWEEN 'filler:1' AND 'filler:%d'}, 10 + int(rand(30)) },
	(sub { sprintf q{INSERT INTO session_auth.role_parents SELECT 'W%1$d', 'W%2$d' WHERE %1$d > %2$d ON CONFLICT DO NOTHING}, 1 + int(rand(6)), 1 + int(rand(6)) }) x 2,
	(sub { sprintf q{DELETE FROM session_auth.role_parents WHERE role = '%s'}, role() }) x 2,
	sub { sprintf q{DELETE FROM session_auth.roles WHERE role = '%s'}, pick(qw(W3 W5 W6)) },
	(sub { sprintf q{INSERT INTO session_auth.roles VALUES ('%s') ON CONFLICT DO NOTHING}, pick(qw(W3 W5 W6)) }) x 2,
	sub { q{DELETE FROM session_auth.permission_changes WHERE xid < pg_snapshot_xmin(pg_current_snapshot())} },
	sub { sprintf q{INSERT INTO session_auth.permissions SELECT 'W3', 'view', 'many:' || n, false FROM generate_series(1, %d) n ON CONFLICT DO NOTHING}, pick(10, 100, 400) },
	sub { q{DELETE FROM session_auth.permissions WHERE resource LIKE 'many:%'} });

my @connections = map { { psql => $node->background_psql('postgres', on_error_stop => 0), state => 'idle', savepoints => 0 } } 0 .. 3;
$_->{psql}->set_query_timer_restart foreach @connections;
my (%asked, %wrong);
my @log;

sub run
{
	my ($connection, $statement) = @_;
	push @log, "$connection->{n}: $statement";
	my $out = $connection->{psql}->query($statement);
	my $failed = $connection->{psql}->{stderr} =~ /ERROR/;
	$connection->{psql}->{stderr} = '';
	return ($out, $failed);
}

# The truth for a connection is what it reads itself, or, where its snapshot is old, what
# another one does.
sub ask
{
	my ($connection, $view) = @_;
	my $how = $connection->{state};
	if ($how eq 'old')
	{
		return if $connection->{changed};
		my $answers = q{SELECT string_agg(session_auth.has_permission(role, action, resource)::text, ' ' ORDER BY role, action, resource) FROM (SELECT 'W' || generate_series(1, 6) AS role) r, unnest('{view,edit}'::text[]) a (action), asked};
		my ($out) = run($connection, $answers);
		my $truth = $node->safe_psql('postgres', q{SELECT string_agg(expected::text, ' ' ORDER BY role, action, resource) FROM oracle});
		$asked{$how}++;
		return if $out eq $truth;
		$wrong{$how}++;
		diag("old snapshot: $out\nis not: $truth\nafter:\n" . join("\n", @log[ -25 .. -1 ])) if $wrong{$how} == 1;
		return;
	}
	my ($out, $failed) = run($connection, "SELECT * FROM $view");
	$asked{$how}++;
	return if $out eq '' && !$failed;
	$wrong{$how}++;
	diag("wrong: $out\nafter:\n" . join("\n", @log[ -25 .. -1 ])) if $wrong{$how} == 1;
}

sub end_transaction
{
	my ($connection, $how) = @_;
	run($connection, $how);
	@$connection{qw(state savepoints changed)} = ('idle', 0, 0);
}

sub step
{
	my ($connection) = @_;
	my $dice = rand();
	if ($connection->{state} eq 'idle')
	{
		if ($dice < 0.3) { run($connection, 'BEGIN'); $connection->{state} = 'open' }
		elsif ($dice < 0.4) { run($connection, pick('BEGIN ISOLATION LEVEL REPEATABLE READ', 'BEGIN ISOLATION LEVEL SERIALIZABLE') . '; SELECT FROM asked'); $connection->{state} = 'old' }
		elsif ($dice < 0.8) { run($connection, pick(@changes)->()) }
		return;
	}
	if ($dice < 0.12) { run($connection, 'SAVEPOINT s' . ++$connection->{savepoints}) }
	elsif ($dice < 0.27 && $connection->{savepoints})
	{
		my $to = 1 + int(rand($connection->{savepoints}));
		run($connection, pick('ROLLBACK TO', 'ROLLBACK TO', 'RELEASE') . " s$to");
		# both end the ones after it; RELEASE ends it too, and the next SAVEPOINT of its name is new
		$connection->{savepoints} = $to - 1;
	}
	elsif ($dice < 0.40) { end_transaction($connection, pick('COMMIT', 'COMMIT', 'ROLLBACK')) }
	elsif ($dice < 0.80 && ($connection->{state} eq 'open' || rand() < 0.2))
	{
		my (undef, $failed) = run($connection, pick(@changes)->());
		$connection->{changed} = 1;
		end_transaction($connection, 'ROLLBACK') if $failed;
	}
}

$connections[$_]{n} = $_ foreach 0 .. $#connections;
foreach my $n (1 .. $steps)
{
	step(pick(@connections));
	ask(pick(@connections), 'wrong');
	ask(pick(@connections), 'wrong_fillers') if $n % 40 == 0;
}
end_transaction($_, 'ROLLBACK') foreach @connections;
ask($_, 'wrong') foreach @connections;

cmp_ok($asked{$_} // 0, '>', $steps / 20, "connections asked: $_") foreach qw(idle open old);
is($wrong{idle} // 0, 0, 'between transactions every answer is what the tables say');
is($wrong{open} // 0, 0, 'within one, what they say with its own changes');
is($wrong{old} // 0, 0, 'whose snapshot is older, what they say now');

$_->{psql}->quit foreach @connections;
$node->stop;
done_testing();
