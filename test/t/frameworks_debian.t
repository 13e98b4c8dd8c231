# The web frameworks that Debian has, alive: each logs people in against this server, which
# verifies the cookies as they arrive, refuses spoilt ones, and refuses them after the logout.
# Those that scripts/packages.txt does not name run where they are installed: make check-web
# installs scripts/packages-frameworks.txt. Also: test/t/web_vectors.t.
use strict;
use warnings;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $python = '/usr/bin/python3';
my $node = new_server('frameworks');
my ($owner) = $node->safe_psql('postgres', 'SELECT current_user');
our $secret = 'a secret of this run, longer than thirty-two bytes';

# What these programs know the database by; they are the application's, so its role's.
sub environment
{
	my ($database, $user) = @_;
	return (PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => $database, PGUSER => $user, ADMIN => $owner, SECRET_KEY => $secret, LC_ALL => 'C.UTF-8', PYTHONDONTWRITEBYTECODE => 1);
}

sub run_as
{
	my ($database, $user, @command) = @_;
	local %ENV = (%ENV, environment($database, $user));
	my ($out, $err) = run_command(\@command);
	is($?, 0, "$command[0] $command[1]") or diag("$out\n$err");
	return;
}

# A program of the application's, which prints a test a line.
sub alive
{
	my ($database, @command) = @_;
	local %ENV = (%ENV, environment($database, 'app'));
	relay(@command);
	return;
}

sub has
{
	my (@command) = @_;
	run_command(\@command);
	return $? == 0;
}

# ------------------------------------------------- docs/frameworks.md, as it is typed

# The files that a section has: blocks whose first line is a file's name, as a comment.
my $page = slurp_file('docs/frameworks.md');

sub files_of
{
	my ($title) = @_;
	my ($section) = $page =~ /^## \Q$title\E\n(.*?)(?=^## |\z)/ms;
	my %files;
	while (($section // '') =~ /^```\w+\n(?:<\?php\n)?(?:#|--|\/\/) (\S+\.\w+)\n(.*?)^```$/msg) { $files{$1} = $2 }
	return %files;
}

# What the page shows of an example is what the example has.
sub shows
{
	my ($title, $example) = @_;
	my %files = files_of($title);
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
	my ($title) = @_;
	my %files = files_of($title);
	my $dir = PostgreSQL::Test::Utils::tempdir();
	append_to_file("$dir/$_", $files{$_}) foreach keys %files;
	return $dir;
}

# Two people whose password is "correct horse", with accounts.
my $people = q{
	INSERT INTO people (id, name, password, role) VALUES (1, 'ada', '%1$s', 'USER'), (2, 'uwe', '%1$s', 'USER');
	INSERT INTO accounts VALUES (1, 'Savings', 1), (2, 'Travel', 1), (3, 'Rent', 2)};

sub new_shop
{
	my ($database, $dir, $kind, $password) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	run_as($database, $owner, 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', "--set=secret=$secret", "--set=kind=$kind", "--file=$dir/schema.sql");
	$node->safe_psql($database, sprintf($people, $password));
	return;
}

# The next framework finds a server without this one's database role.
sub drop_shop
{
	my ($database) = @_;
	$node->safe_psql('postgres', $_) foreach "DROP DATABASE $database WITH (FORCE)", 'DROP ROLE app';
	return;
}

# ---------------------------------------------------------------------- Python

subtest 'Django: examples/django' => sub {
	plan skip_all => 'python3-django is not installed' unless has($python, '-c', 'import django, psycopg2');
	$node->safe_psql('postgres', 'CREATE DATABASE django');
	run_as('django', $owner, $python, 'examples/django/manage.py', 'migrate', '--verbosity=0');
	run_as('django', $owner, 'psql', '--no-psqlrc', '--quiet', "--set=secret=$secret", '--file=examples/django/setup.sql');
	alive('django', $python, 'test/frameworks/with_django.py');
	shows('Django', 'examples/django');
	drop_shop('django');
};

sub hash_of_werkzeug
{
	my ($hash) = run_command([ $python, '-c', 'from werkzeug.security import generate_password_hash as h; print(h("correct horse", "pbkdf2:sha256:1"))' ]);
	return $hash;
}

foreach my $name ('Flask', 'FastAPI')
{
	my $module = lc $name;
	subtest $name => sub {
		plan skip_all => "python3-$module and what goes with it is not installed" unless has($python, '-c', "import $module, flask_login, sqlalchemy, psycopg2, httpx");
		my $dir = typed('Flask and FastAPI');
		new_shop($module, $dir, $name eq 'Flask' ? 'flask' : 'starlette', hash_of_werkzeug());
		alive($module, $python, "test/frameworks/with_$module.py", $dir);
		drop_shop($module);
	};
}

# ------------------------------------------------------------------------ Ruby

subtest 'Rails: examples/rails' => sub {
	plan skip_all => 'ruby-rails and what goes with it is not installed' unless has('ruby', '-e', 'require "rails"; require "pg"; require "bcrypt"');
	$node->safe_psql('postgres', 'CREATE DATABASE rails');
	run_as('rails', $owner, 'psql', '--no-psqlrc', '--quiet', "--set=secret=$secret", '--file=examples/rails/db/setup.sql');
	alive('rails', 'ruby', 'test/frameworks/with_rails.rb');
	shows('Rails', 'examples/rails');
	drop_shop('rails');
};

# ------------------------------------------------------------------------- PHP

subtest 'Laravel' => sub {
	plan skip_all => 'php-illuminate-auth and what goes with it is not installed' unless has('php', '-r', 'require "Illuminate/Auth/autoload.php"; exit(extension_loaded("pdo_pgsql") ? 0 : 1);');
	my $dir = typed('Laravel');
	local $secret = 'base64:' . encode_base64('0123456789abcdef0123456789abcdef', '');
	new_shop('laravel', $dir, 'laravel', '');
	alive('laravel', 'php', 'test/frameworks/with_laravel.php', $dir);
	drop_shop('laravel');
};

$node->stop;
done_testing();
