# A server whose extension is a build of test/faults, in which any call can be made to
# fail, with everything prepared of which EveryFunction.pm has statements.
package Faults;

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use EveryFunction;
use OwnInstallation;

our @EXPORT = qw(node_with_faults);

sub node_with_faults
{
	my ($name) = @_;
	my $dir = abs_path(PostgreSQL::Test::Utils::tempdir());
	system("mkdir $dir/build && tar --create --exclude='*.o' Makefile session_auth.control scripts src sql test/faults | tar --extract --directory=$dir/build") == 0
		or BAIL_OUT('cannot copy the source');
	{
		local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
		delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
		my $out = `make --silent -j2 --directory=$dir/build --file=test/faults/faults.mk 2>&1`;
		BAIL_OUT("the build with faults failed: $out") if $?;
	}
	my $installation = OwnInstallation->new("$dir/installation");
	$installation->install('session_auth.so', slurp_file("$dir/build/session_auth.so"));

	my $node = PostgreSQL::Test::Cluster->new($name, install_path => $installation->path);
	$node->init;
	$node->append_conf('postgresql.conf', "fsync = off\nsession_auth.warn_literal_tokens = off\nautovacuum = off\njit = off\n");
	$node->start;
	prepare_everything($node);
	$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION fault_arm(kind text, n bigint) RETURNS void LANGUAGE c AS 'session_auth', 'session_auth_fault_arm';
CREATE FUNCTION fault_came() RETURNS boolean LANGUAGE c AS 'session_auth', 'session_auth_fault_came';
-- what was remembered is forgotten
CREATE FUNCTION cold() RETURNS void LANGUAGE sql AS $$
  DELETE FROM session_auth.permissions WHERE false;
  DELETE FROM session_auth.user_roles WHERE false;
  DELETE FROM session_auth.keys WHERE false;
  DELETE FROM session_auth.revoked_tokens WHERE false;
$$;

-- What a statement answers as somebody (a database role), with the nth call of a
-- kind failing; all that it does is undone. fault is NULL when no nth call came.
CREATE FUNCTION answer(who text, statement text, kind text, n bigint, OUT answer text, OUT code text, OUT fault boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cold();
  BEGIN
    EXECUTE format('SET LOCAL ROLE %I', who);
    PERFORM fault_arm(kind, n);
    EXECUTE statement INTO answer;
    fault := fault_came();
    RAISE SQLSTATE 'UNDO0';
  EXCEPTION
    WHEN SQLSTATE 'UNDO0' THEN code := 'none';
    WHEN query_canceled OR others THEN code := SQLSTATE; fault := fault_came();
  END;
END
$$;
SQL
	return $node;
}

1;
