# What the TAP tests share: a server with the extension in it, a pooler before
# it, what pages print, and the relaying of what other test programs print.
package SessionAuth;

use strict;
use warnings;
use Exporter 'import';
use MIME::Base64 qw(encode_base64url);
use Test::More;

# Interrupted, a test still stops its servers, which END blocks do.
$SIG{$_} = sub { exit 130 } foreach qw(INT TERM HUP);

our @EXPORT = qw(new_server crash add_extension nodes_key_pair nodes_sign nodes_connect find_faketime find_pgbouncer start_pgbouncer normalised section relay);

# A started node of PostgreSQL::Test::Cluster, which the test has loaded;
# further lines of postgresql.conf can be given. Tests write tokens into statements,
# and most of them take a warning for a failure.
sub new_server
{
	my ($name, @conf) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', join("\n", 'fsync = off', 'session_auth.warn_literal_tokens = off', @conf, ''));
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

# A pair of keys that seals identities, private and public, as PEM.
sub nodes_key_pair
{
	my $dir = PostgreSQL::Test::Utils::tempdir();
	PostgreSQL::Test::Utils::system_or_bail('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', "$dir/private");
	PostgreSQL::Test::Utils::system_or_bail('openssl', 'pkey', '-in', "$dir/private", '-pubout', '-out', "$dir/public");
	return map { PostgreSQL::Test::Utils::slurp_file("$dir/$_") } qw(private public);
}

# A text with such a key's signature behind it, as a JWS has it.
sub nodes_sign
{
	my ($private, $text) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	PostgreSQL::Test::Utils::append_to_file("$dir/key", $private);
	PostgreSQL::Test::Utils::append_to_file("$dir/text", $text);
	PostgreSQL::Test::Utils::system_or_bail('openssl', 'pkeyutl', '-sign', '-inkey', "$dir/key", '-rawin', '-in', "$dir/text", '-out', "$dir/signature");
	return $text . '.' . encode_base64url(PostgreSQL::Test::Utils::slurp_file("$dir/signature"));
}

# The extension and the database role app on a server and on others, whose names they know, and
# whom it carries identities to.
sub nodes_connect
{
	my ($near, $private, $public, %far) = @_;
	foreach my $name (sort keys %far)
	{
		my $port = $far{$name}->port;
		my $host = $far{$name}->host;
		$far{$name}->append_conf('postgresql.conf', "session_auth.node_name = '$name'");
		$far{$name}->reload;
		$far{$name}->safe_psql('postgres', qq{CREATE EXTENSION session_auth; CREATE ROLE app LOGIN; SELECT session_auth.grant_usage('app', 'request');
			SELECT session_auth.add_key('sealing', 'EdDSA', \$\$$public\$\$, 'near', seals => true)});
	}
	$near->safe_psql('postgres', qq{CREATE EXTENSION session_auth; CREATE EXTENSION postgres_fdw; CREATE ROLE app LOGIN; SELECT session_auth.grant_usage('app', 'request');
		SELECT session_auth.add_key('sealing', 'EdDSA', \$\$$private\$\$, 'near')});
	foreach my $name (sort keys %far)
	{
		$near->safe_psql('postgres', sprintf q{CREATE SERVER %1$s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%2$s', port '%3$s', dbname 'postgres');
			CREATE USER MAPPING FOR PUBLIC SERVER %1$s OPTIONS (user 'app', password_required 'false'); SELECT session_auth.connect_node('%1$s')}, $name, $far{$name}->host, $far{$name}->port);
	}
	return;
}

# Kills a backend, whose server begins anew: what connects before that is told so, or lost.
sub crash
{
	my ($node, $pid) = @_;
	my $before = -s $node->logfile;
	kill 'KILL', $pid;
	return $node->wait_for_log(qr/ready to accept connections/, $before);
}

# libfaketime's library, with which a server's clock stands; nothing where it is not installed.
sub find_faketime
{
	my ($library) = grep { -e } map { "$_/faketime/libfaketime.so.1" } glob('/usr/lib/*-linux-gnu'), '/usr/lib', '/usr/local/lib';
	return $library;
}

# PgBouncer's program, or nothing where it is not installed; Debian keeps it out
# of the path of ordinary users.
sub find_pgbouncer
{
	my ($program) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
	return $program;
}

# A transaction pooler on a Unix socket before a node's database postgres, for
# one database role; further settings of the database's line and lines of the
# [pgbouncer] section can be given. Returns the connection string of its clients
# and the id of its process, which the caller ends.
sub start_pgbouncer
{
	my ($node, $role, $database, @conf) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir_short();
	PostgreSQL::Test::Utils::append_to_file("$dir/ini", join("\n",
		'[databases]',
		'postgres = host=' . $node->host . ' port=' . $node->port . " dbname=postgres user=$role $database",
		'[pgbouncer]', "unix_socket_dir = $dir", 'listen_port = 6543', 'auth_type = any', 'pool_mode = transaction',
		'max_client_conn = 500', 'log_connections = 0', 'log_disconnections = 0', 'log_pooler_errors = 0',
		@conf, "logfile = $dir/log", "pidfile = $dir/pid", ''));
	PostgreSQL::Test::Utils::system_or_bail(find_pgbouncer(), '--quiet', '--daemon', "$dir/ini");
	my $conninfo = "host=$dir port=6543 user=$role dbname=postgres";

	# the daemon may not listen yet when the command that made it returns
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		my ($out) = PostgreSQL::Test::Utils::run_command([ 'psql', '--no-psqlrc', '--tuples-only', '--command=SELECT 1', $conninfo ]);
		return ($conninfo, PostgreSQL::Test::Utils::slurp_file("$dir/pid") + 0) if $out =~ /1/;
		select(undef, undef, undef, 0.1);
	}
	BAIL_OUT("PgBouncer does not answer:\n" . PostgreSQL::Test::Utils::slurp_file("$dir/log"));
	return;
}

# What a page prints and what comes, to be compared. Tokens, ids and times differ from run
# to run, and with their length the columns' width; a line within one of the extension's functions is nothing that a page should say.
sub normalised
{
	my ($text) = @_;
	$text =~ s/sat_[A-Za-z0-9_-]{43}/TOKEN/g;
	$text =~ s/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/UUID/g;
	$text =~ s/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d(?::\d\d)?/TIME/g;
	$text =~ s/^CONTEXT: .*\n//mg;
	$text =~ s/-{3,}/--/g;
	$text =~ s/[ \t]+/ /g;
	$text =~ s/ ?\n ?/\n/g;
	$text =~ s/^\s+|\s+$//g;
	return $text;
}

# The text of a page under a heading, up to the next one of its level or above.
sub section
{
	my ($text, $level, $title) = @_;
	my $marks = '#' x $level;
	return $text =~ /^\Q$marks\E \Q$title\E\n(.*?)(?=^#{1,$level} |\z)/ms ? $1 : undef;
}

# Runs a command and passes on each test that it reports: TAP lines, or the
# lines of pg_regress before it spoke TAP. The versions that it runs with, "# with ...",
# are passed on; what else it prints becomes diagnostics when it fails.
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
		elsif ($line =~ /^# (with .*)/)
		{
			diag($1);
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
