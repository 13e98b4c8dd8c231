# Each driver's program takes the accounts of a token's user in one transaction.
# What must hold: it is one round trip, the rows are that user's, a refused token
# is 28000 and leaves the connection usable, and docs/drivers.md shows the
# program's code. A relay between driver and server counts the round trips.
use strict;
use warnings;
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use IPC::Run;
use Test::More;
use Time::HiRes qw(sleep);

my $dir = tempdir(CLEANUP => 1);
my $drivers = 'test/drivers';

my %programs = (
	'libpq' => { source => 'libpq.c', build => [ 'sh', '-c', "gcc -Wall -Wextra -Werror -I\$(pg_config --includedir) $drivers/libpq.c -lpq -o $dir/libpq" ], run => ["$dir/libpq"] },
	'psycopg' => { source => 'psycopg3.py', run => [ 'python3', "$drivers/psycopg3.py" ] },
	'node-postgres' => { source => 'node-postgres.mjs', run => [ 'node', "$drivers/node-postgres.mjs" ] },
	'Postgres.js' => { source => 'postgres-js.mjs', run => [ 'node', "$drivers/postgres-js.mjs" ] },
	'pg of Ruby' => { source => 'ruby-pg.rb', run => [ 'ruby', "$drivers/ruby-pg.rb" ] },
	'JDBC' => { source => 'Jdbc.java', build => [ 'javac', '-d', $dir, "$drivers/Jdbc.java" ], run => [ 'java', '-cp', "$dir:/usr/share/java/postgresql.jar", 'Jdbc' ] },
	'pgx' => { source => 'pgx/main.go', build => [ 'env', 'GO111MODULE=off', 'GOPATH=/usr/share/gocode', "GOCACHE=$dir/go", 'go', 'build', '-o', "$dir/pgx", "$drivers/pgx/main.go" ], run => ["$dir/pgx"] },
	'tokio-postgres' => { source => 'tokio-postgres/src/main.rs', build => [ 'env', "CARGO_HOME=$dir/cargo", 'cargo', '--offline', 'build', '--quiet', '--manifest-path', "$drivers/tokio-postgres/Cargo.toml", '--target-dir', "$dir/rust" ], run => ["$dir/rust/debug/tokio-postgres-round-trip"] },
);

# Crates come from Debian's packages.
mkdir "$dir/cargo";
write_file("$dir/cargo/config.toml", qq{[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "/usr/share/cargo/registry"\n});

sub write_file
{
	my ($path, $text) = @_;
	open(my $file, '>', $path) or die "$path: $!";
	print $file $text;
	close $file;
	return;
}

sub read_file
{
	my ($path) = @_;
	open(my $file, '<', $path) or die "$path: $!";
	local $/ = undef;
	return scalar <$file>;
}

sub psql
{
	my ($script) = @_;
	my ($output, $errors) = ('', '');
	IPC::Run::run([ 'psql', '--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1' ], '<', \$script, '>', \$output, '2>', \$errors) or BAIL_OUT($errors);
	chomp $output;
	return $output;
}

# What the server says waits for a moment, in which a client that does not wait for it
# has sent all of its own. What a client sends after an answer is the next round trip.
sub relay_connection
{
	my ($client, $report) = @_;
	my $server = IO::Socket::UNIX->new(Peer => "$ENV{PGHOST}/.s.PGSQL.$ENV{PGPORT}") or die "cannot connect: $!";
	my ($from_client, $from_either) = (IO::Select->new($client), IO::Select->new($client, $server));
	my ($answered, $trips) = (1, 0);
	while (1)
	{
		sleep 0.05 unless grep { $_ == $client } $from_either->can_read;
		my ($from, $to) = $from_client->can_read(0) ? ($client, $server) : ($server, $client);
		sysread $from, my $data, 1 << 16 or return;
		if ($from == $client)
		{
			$trips++ if $answered;
			$trips = 0 if $data =~ /measured from here/;
			syswrite $report, $trips - 1 . "\n" if $data =~ /measured to here/;
		}
		$answered = $from == $server;
		syswrite $to, $data;
	}
	return;
}

# Starts a relay for one connection; its port, and where it reports to.
sub start_relay
{
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "cannot listen: $!";
	pipe(my $reports, my $report) or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	if (!$pid)
	{
		close $reports;
		$SIG{ALRM} = 'DEFAULT';
		alarm 60;
		relay_connection(scalar $listener->accept, $report);
		require POSIX;
		POSIX::_exit(0);
	}
	close $report;
	return ($listener->sockport, $reports, $pid);
}

# The code between the marks, without the indentation that all of it has.
sub shown_of
{
	my ($path) = @_;
	my ($shown) = read_file($path) =~ m{^[ \t]*(?:/\*|//|#) shown.*?\n(.*?)^[ \t]*(?:/\*|//|#) end}ms or die "$path shows nothing";
	my ($indentation) = $shown =~ /^([ \t]*)/;
	$shown =~ s/^$indentation//mg;
	$shown =~ s/\s+\z/\n/;
	return $shown;
}

psql(q{
	CREATE EXTENSION session_auth;
	CREATE ROLE app LOGIN;
	SELECT session_auth.grant_usage('app', 'request');
	CREATE TABLE accounts (id int PRIMARY KEY, owner text, balance numeric);
	INSERT INTO accounts VALUES (1, 'alice', 100), (2, 'alice', 250), (3, 'bob', 75);
	GRANT SELECT ON accounts TO app;
	SELECT session_auth.protect_table('accounts', owner_column => 'owner');
	SELECT session_auth.import_permissions('{"CUSTOMER": ["view:accounts"]}');
	SELECT session_auth.grant_role('alice', 'CUSTOMER');
});
$ENV{TOKEN} = psql(q{SELECT token FROM session_auth.create_session('alice')});
IPC::Run::run([ 'npm', 'ci', '--silent', '--prefix', $drivers ]) or BAIL_OUT('npm ci failed');
my $document = read_file('docs/drivers.md');

foreach my $driver (sort keys %programs)
{
	my $program = $programs{$driver};
	subtest $driver => sub {
		plan tests => 4;
		my ($output, $errors) = ('', '');
		my $built = !$program->{build} || IPC::Run::run($program->{build}, '<', \undef, '>', \$output, '2>', \$errors);
		ok($built, 'it builds') or diag($errors);
		my ($port, $reports, $pid) = start_relay();
		local $ENV{DATABASE_URL} = "postgres://app\@127.0.0.1:$port/postgres?sslmode=disable";
		local $ENV{JDBC_URL} = "jdbc:postgresql://127.0.0.1:$port/postgres?user=app";
		($output, $errors) = ('', '');
		IPC::Run::run($program->{run}, '<', \undef, '>', \$output, '2>', \$errors, IPC::Run::timeout(60)) if $built;
		kill 'TERM', $pid;
		waitpid $pid, 0;
		$output =~ s/ +$//mg;
		is($output, "1 2\n1 2\n28000\n1 2\n", 'the rows, and the refusal') or diag($errors);
		is(scalar <$reports>, "1\n", 'one round trip');
		ok(index($document, shown_of("$drivers/$program->{source}")) >= 0, 'docs/drivers.md shows the same code');
	};
}
psql(q{DROP TABLE accounts; DROP EXTENSION session_auth; DROP OWNED BY app; DROP ROLE app});
done_testing();
