# The web frameworks that Debian has, alive: each logs people in against this server, which
# verifies the cookies as they arrive, refuses spoilt ones, and refuses them after the logout.
# Those that scripts/packages.txt does not name run where they are installed: scripts/check-frameworks
# installs them. Also: test/t/web_vectors.t.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $python = '/usr/bin/python3';
my $node = new_server('frameworks');
my ($owner) = $node->safe_psql('postgres', 'SELECT current_user');
my $secret = 'a secret of this run, longer than thirty-two bytes';

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

sub has
{
	my (@command) = @_;
	run_command(\@command);
	return $? == 0;
}

subtest 'Django: examples/django' => sub {
	plan skip_all => 'python3-django is not installed' unless has($python, '-c', 'import django, psycopg2');
	$node->safe_psql('postgres', 'CREATE DATABASE django');
	run_as('django', $owner, $python, 'examples/django/manage.py', 'migrate', '--verbosity=0');
	run_as('django', $owner, 'psql', '--no-psqlrc', '--quiet', "--set=secret=$secret", '--file=examples/django/setup.sql');
	local %ENV = (%ENV, environment('django', 'app'));
	relay($python, 'test/frameworks/with_django.py');
};

$node->stop;
done_testing();
