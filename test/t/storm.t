# A storm of changes: permissions flip in one connection while others fill their
# caches. Of two permissions that always change together, no answer may ever have
# both or none, and each commit is seen by the very next statement. Two questions
# are two instants, also in one statement: what commits in between is heard of.
# Also: test/pgtap/permissions.sql, test/specs/role_races.spec,
# test/specs/revoke_repeatable_read.spec, test/attacks/revocation_elsewhere.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('storm');
add_extension($node);
$node->safe_psql('postgres', q{
	SELECT session_auth.create_role('FLIP', '{USER}');  -- inherits view on profile
	SELECT session_auth.grant_permission('FLIP', 'view', 'a');
	CREATE PROCEDURE flip(times int) LANGUAGE plpgsql AS $$
	BEGIN
		FOR i IN 1..times LOOP
			PERFORM session_auth.revoke_permission('FLIP', 'view', 'a'), session_auth.grant_permission('FLIP', 'view', 'b');
			COMMIT;
			PERFORM session_auth.revoke_permission('FLIP', 'view', 'b'), session_auth.grant_permission('FLIP', 'view', 'a');
			COMMIT;
		END LOOP;
	END
	$$;
	CREATE FUNCTION watch(seconds int) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE
		until timestamptz := clock_timestamp() + make_interval(secs => seconds);
		odd bigint := 0;
	BEGIN
		WHILE clock_timestamp() < until LOOP
			odd := odd + (cardinality(session_auth.permitted_resources('FLIP', 'view')) <> 2)::int;
		END LOOP;
		RETURN odd;
	END
	$$;
});

my @connection = ('psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--host', $node->host, '--port', $node->port, 'postgres', '--command');
my ($flips, @odd) = ('', '', '');
my $flipping = IPC::Run::start([ @connection, 'CALL flip(3000)' ], '2>', \$flips);
my @watching = map { IPC::Run::start([ @connection, 'SELECT watch(5)' ], '>', \$odd[$_], '2>&1') } 0 .. 1;
$_->finish foreach @watching;
$flipping->finish;
is($flips, '', 'the storm raged');
is($odd[$_], "0\n", "watcher $_ never saw both or none") foreach 0 .. 1;

my $reader = $node->background_psql('postgres');
my $has = q{SELECT session_auth.has_permission('FLIP', 'view', 'seen')};
my $late = 0;
foreach my $round (1 .. 50)
{
	$node->safe_psql('postgres', q{SELECT session_auth.grant_permission('FLIP', 'view', 'seen')});
	$late++ if $reader->query_safe($has) ne 't';
	$node->safe_psql('postgres', q{SELECT session_auth.revoke_permission('FLIP', 'view', 'seen')});
	$late++ if $reader->query_safe($has) ne 'f';
}
is($late, 0, 'a hundred commits were each seen by the next statement');

$reader->quit;
$node->stop;
done_testing();
