# What the TAP tests share: a server with the extension in it, and the relaying
# of what other test programs print.
package SessionAuth;

use strict;
use warnings;
use Exporter 'import';
use Test::More;

# Interrupted, a test still stops its servers, which END blocks do.
$SIG{$_} = sub { exit 130 } foreach qw(INT TERM HUP);

our @EXPORT = qw(new_server add_extension relay);

# A started node of PostgreSQL::Test::Cluster, which the test has loaded;
# further lines of postgresql.conf can be given.
sub new_server
{
	my ($name, @conf) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', join("\n", 'fsync = off', @conf, ''));
	$node->start;
	return $node;
}

# The extension in database postgres, a database role that may log in for each
# usage, and the permissions that every test here starts from.
sub add_extension
{
	my ($node) = @_;
	$node->safe_psql('postgres', q{
		CREATE EXTENSION session_auth;
		CREATE ROLE app LOGIN;
		SELECT session_auth.grant_usage('app', 'request');
		SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"], "USER": ["view:profile"]}');
		SELECT session_auth.grant_role('alice', 'ADMIN');
		SELECT session_auth.grant_role('bob', 'USER');
	});
	return;
}

# Runs a command and passes on each test that it reports: TAP lines, or the
# lines of pg_regress before it spoke TAP. What else it prints becomes
# diagnostics when it fails.
sub relay
{
	my (@command) = @_;
	my @said;
	open(my $output, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command) or die "cannot run $command[0]: $!";
	while (my $line = <$output>)
	{
		chomp $line;
		if ($line =~ /^\s*(not )?ok\s+\d+\s*-?\s*(.*)$/)
		{
			my ($ok, $name) = (!$1, $2);
			if ($name =~ /^(.*?)\s*#\s*skip\b\s*(.*)$/i)
			{
				SKIP: { skip("$1 $2", 1); }
				next;
			}
			ok($ok, $name);
		}
		elsif ($line =~ /^(?:test )?\s*(\S+)\s+\.\.\. (ok|FAILED)\b/)
		{
			ok($2 eq 'ok', $1);
		}
		else
		{
			push @said, $line;
		}
	}
	close $output;
	my $status = $?;
	is($status, 0, "$command[0] succeeds") or diag(join("\n", @said));
	return $status == 0;
}

1;
