# What test/t/frameworks_*.t share: docs/frameworks.md as it is typed, and shops of two
# people for the frameworks' applications, one after the other on one server.
package Frameworks;

use strict;
use warnings;
use PostgreSQL::Test::Utils;
use SessionAuth;
use Test::More;

sub new
{
	my ($class, $node, $secret) = @_;
	my ($owner) = $node->safe_psql('postgres', 'SELECT current_user');
	return bless { node => $node, secret => $secret, owner => $owner, page => slurp_file('docs/frameworks.md') }, $class;
}

# -------------------------------------------------------------------- programs

# What programs know the database by; SECRET_KEY is the application's.
sub environment
{
	my ($self, $database, $user) = @_;
	return (PGHOST => $self->{node}->host, PGPORT => $self->{node}->port, PGDATABASE => $database, PGUSER => $user,
		ADMIN => $self->{owner}, SECRET_KEY => $self->{secret}, LC_ALL => 'C.UTF-8', PYTHONDONTWRITEBYTECODE => 1);
}

sub run_as
{
	my ($self, $database, $user, @command) = @_;
	local %ENV = (%ENV, $self->environment($database, $user));
	my ($out, $err) = run_command(\@command);
	is($?, 0, "$command[0] $command[1]") or diag("$out\n$err");
	return;
}

# A program of the application's, which prints a test a line.
sub alive
{
	my ($self, $database, @command) = @_;
	local %ENV = (%ENV, $self->environment($database, 'app'));
	relay(@command);
	return;
}

# Whether a program says that all it needs is there.
sub has
{
	my ($self, @command) = @_;
	# where the program itself is missing, this dies
	return defined eval { run_command(\@command); 1 } && $? == 0;
}

# -------------------------------------------------------------------- the page

# The files that a section has: blocks whose first line is a file's name, as a comment.
sub files_of
{
	my ($self, $title) = @_;
	my ($section) = $self->{page} =~ /^## \Q$title\E\n(.*?)(?=^## |\z)/ms;
	my %files;
	while (($section // '') =~ /^```\w+\n(?:<\?php\n)?(?:#|--|\/\/) (\S+\.\w+)\n(.*?)^```$/msg) { $files{$1} = $2 }
	return %files;
}

# What the page shows of an example is what the example has.
sub shows
{
	my ($self, $title, $example) = @_;
	my %files = $self->files_of($title);
	cmp_ok(scalar(keys %files), '>=', 2, "the page shows some of $example");
	foreach my $name (sort keys %files)
	{
		ok(index(slurp_file("$example/$name"), $files{$name}) >= 0, "as it shows it: $example/$name");
	}
	return;
}

# A folder with what the page says to type.
sub typed
{
	my ($self, $title) = @_;
	my %files = $self->files_of($title);
	my $dir = PostgreSQL::Test::Utils::tempdir();
	append_to_file("$dir/$_", $files{$_}) foreach keys %files;
	return $dir;
}

# --------------------------------------------------------------------- a shop

sub set_up
{
	my ($self, $database, $file, @variables) = @_;
	$self->run_as($database, $self->{owner}, 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', (map { "--set=$_" } "secret=$self->{secret}", @variables), "--file=$file");
	return;
}

# A database with a typed schema.sql: two people with accounts, and that hash of their password.
sub add
{
	my ($self, $database, $dir, $kind, $password) = @_;
	$self->{node}->safe_psql('postgres', "CREATE DATABASE $database");
	$self->set_up($database, "$dir/schema.sql", "kind=$kind");
	$self->{node}->safe_psql($database, qq{
		INSERT INTO people (id, name, password, role) VALUES (1, 'ada', '$password', 'USER'), (2, 'uwe', '$password', 'USER');
		INSERT INTO accounts VALUES (1, 'Savings', 1), (2, 'Travel', 1), (3, 'Rent', 2)});
	return;
}

# A database as test/orms/schema.sql makes it, or another file that includes it, and its two people's tokens in
# the environment.
sub add_people
{
	my ($self, $database, $file) = @_;
	$self->{node}->safe_psql('postgres', "CREATE DATABASE $database");
	$self->set_up($database, $file // 'test/orms/schema.sql');
	($ENV{ADA}, $ENV{UWE}) = map { $self->{node}->safe_psql($database, "SELECT token FROM session_auth.create_session('$_')") } 1, 2;
	return;
}

# The next framework finds a server without this one's database role.
sub drop
{
	my ($self, $database) = @_;
	$self->{node}->safe_psql('postgres', $_) foreach "DROP DATABASE $database WITH (FORCE)", 'DROP ROLE app';
	return;
}

1;
