# Which of Debian's clients bind a token, and which of their errors hold it: what docs/drivers.md says of each is what the
# server was sent. Those that scripts/packages.txt does not name run where they are installed, as make
# check-web has them. Also: packages/node/test for npm's clients, test/drivers/run for round trips.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

# JDBC knows no Unix sockets.
my $node = new_server('drivers', "listen_addresses = '127.0.0.1'", 'session_auth.warn_literal_tokens = on', 'log_statement = all', "log_line_prefix = '%p %e '");
add_extension($node);
$node->safe_psql('postgres', q{CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1); GRANT SELECT ON accounts TO app});
my $dir = PostgreSQL::Test::Utils::tempdir();
my @java = ('java', '-cp', "$dir:/usr/share/java/postgresql.jar", 'Binds');
my @programs = ([ '/usr/bin/python3', 'test/drivers/binds.py' ], [ 'php', 'test/drivers/binds.php' ], [ 'ruby', 'test/drivers/binds.rb' ], \@java);
eval { run_command([ 'javac', '-d', $dir, 'test/drivers/Binds.java' ]) };

# A row of the table, and which ways bind: the first is the client as it comes, or with what its row says to do.
my %rows = (
	'libpq' => [ [ 'libpq' => 'yes' ] ],
	'psycopg 3' => [ [ 'psycopg 3' => 'yes' ], [ 'psycopg 3, ClientCursor' => 'no' ] ],
	'psycopg2' => [ [ 'psycopg2' => 'no' ] ],
	'Django on psycopg2' => [ [ 'Django on psycopg2' => 'no' ] ],
	'Django on psycopg 3' => [ [ 'Django on psycopg 3' => 'no' ], [ 'Django on psycopg 3, server_side_binding' => 'yes' ] ],
	'SQLAlchemy' => [ [ 'SQLAlchemy, asyncpg' => 'yes' ], [ 'SQLAlchemy, psycopg 3' => 'yes' ], [ 'SQLAlchemy, psycopg2' => 'no' ] ],
	'asyncpg' => [ [ 'asyncpg' => 'yes' ] ],
	'PDO' => [ [ 'PDO' => 'yes' ], [ 'PDO, as it comes' => 'yes' ], [ 'PDO, emulated' => 'no' ] ],
	'Laravel' => [ [ 'Laravel' => 'yes' ], [ 'Laravel, emulated' => 'no' ] ],
	'pg of Ruby' => [ [ 'pg of Ruby' => 'yes' ] ],
	'Active Record' => [ [ 'Active Record' => 'yes' ], [ 'Active Record, sanitize_sql' => 'no' ], [ 'Active Record, where' => 'no' ] ],
	'Sequel' => [ [ 'Sequel' => 'no' ], [ 'Sequel, prepared' => 'yes' ] ],
	'JDBC' => [ [ 'JDBC' => 'yes' ], [ 'JDBC, preferQueryMode=simple' => 'no' ] ]);
my %holds = ('SQLAlchemy' => 1, 'SQLAlchemy, hide_parameters' => 0, 'Laravel' => 1, 'Laravel, of its PDO' => 0);

# ------------------------------------------------------------ what is installed

my %program;
foreach my $program (@programs)
{
	my ($out) = eval { run_command([@$program]) };
	$program{$_} = $program foreach split /\n/, $out // '';
}
ok($program{$_}, "$_ can be run") foreach 'libpq', 'psycopg 3', 'psycopg2', 'asyncpg', 'SQLAlchemy, psycopg2';

# Asks in a way; what it prints, and what the server logged meanwhile.
sub ask
{
	my ($way, $token) = @_;
	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'postgres', PGUSER => 'app');
	my $before = -s $node->logfile;
	my ($out, $err) = run_command([ @{ $program{$way} }, $way, $token ]);
	return ("$out\n$err", slurp_file($node->logfile, $before));
}

# -------------------------------------------------------------------- who binds

foreach my $row (sort keys %rows)
{
	foreach (@{ $rows{$row} })
	{
		my ($way, $binds) = @$_;
	SKIP: {
			skip "$way is not installed", 2 unless $program{$way};
			my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
			my ($out, $log) = ask($way, $token);
			my ($pid) = $log =~ /^(\d+) \S+ LOG:  .*authenticate/m;
			my $seen = $log =~ /^\d+ \S+ LOG:  .*\Q$token\E/m ? 'no' : $log =~ /^\d+ \S+ DETAIL:  .*\Q$token\E/m ? 'yes' : 'it was not sent';
			is($seen, $binds, "$way: " . ($binds eq 'yes' ? 'binds' : 'writes the token into the text')) or diag("$out\n$log");
			is($log =~ /^\Q$pid\E 01SA1 WARNING/m ? 1 : 0, $binds eq 'no' ? 1 : 0, '… and is warned where it does');
		}
	}
}

# ------------------------------------------------------------- what errors hold

my $made_up = 'sat_' . 'Q' x 43;
foreach my $way (sort keys %holds)
{
SKIP: {
		skip "$way is not installed", 2 unless $program{"error of $way"};
		my ($out) = ask("error of $way", $made_up);
		like($out, qr/invalid or expired session token/, "$way: a token that is refused is an error");
		is($out =~ /\Q$made_up\E/ ? 1 : 0, $holds{$way}, $holds{$way} ? '… which holds the token' : '… which does not hold it') or diag($out);
	}
}

# ------------------------------------------------------------ what the page says

my ($section) = slurp_file('docs/drivers.md') =~ /^## Does your client bind\n(.*?)^## /ms;
my %said;
while ($section =~ /^\| (.+?) \| (.+?) \| .* \| (.+?) \|$/mg)
{
	my ($clients, $binds, $seen) = ($1, $2, $3);
	$said{$_} = $binds foreach $seen =~ /drivers_debian\.t/ ? split(/, /, $clients) : ();
}
is_deeply([ sort keys %said ], [ sort keys %rows ], 'the table has a row for each of these clients');
foreach my $row (sort keys %said)
{
	my %ways = map { $_->[1] => 1 } @{ $rows{$row} };
	my $first = $rows{$row}[0][1];
	like($said{$row}, $said{$row} =~ /^as its|^by a/ ? qr/./ : qr/^$first\b/, "$row: the table says what was seen");
	is(scalar(keys %ways), 2, "$row: it depends") if $said{$row} =~ /^as its|^by a/;
}

$node->stop;
done_testing();
