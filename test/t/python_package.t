# packages/python as it is installed: built from its source as a wheel and a source archive, installed from each into an
# environment that has Debian's libraries besides, and used with them. Also: test/t/frameworks_debian.t,
# which types docs/frameworks.md.
use strict;
use warnings;
use File::Basename qw(basename);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;
use Frameworks;

my $python = '/usr/bin/python3';
my $node = new_server('python');
my $shops = Frameworks->new($node, 'unused');
my $dir = PostgreSQL::Test::Utils::tempdir();

sub runs
{
	my ($name, @command) = @_;
	my ($out, $err) = run_command(\@command);
	return is($?, 0, $name) || diag("$out\n$err");
}

plan skip_all => 'python3-build, python3-venv or psycopg is not installed' unless $shops->has($python, '-c', 'import build, ensurepip, setuptools, wheel, psycopg, psycopg2');
local $ENV{PYTHONPATH} = '';

# ------------------------------------------------------------------------ built

runs('the source is copied', 'cp', '-r', 'packages/python', "$dir/source");
runs('it is built', $python, '-m', 'build', '--no-isolation', '--outdir', "$dir/dist", "$dir/source");
my ($wheel, $archive) = (glob("$dir/dist/*.whl"), glob("$dir/dist/*.tar.gz"));
my ($version) = slurp_file('session_auth.control') =~ /default_version = '(.*)'/;
like($wheel, qr/session_auth-\Q$version\E-py3-none-any\.whl$/, "as a wheel of the extension's version");
runs('an environment', $python, '-m', 'venv', '--system-site-packages', "$dir/environment");
my $installed = "$dir/environment/bin";
foreach my $package ($archive, $wheel)
{
	runs('installed: ' . basename($package), "$installed/pip", 'install', '--quiet', '--no-index', '--no-build-isolation', '--force-reinstall', '--disable-pip-version-check', $package);
	runs('with its types', "$installed/python", '-c', 'import session_auth, os; os.stat(os.path.join(os.path.dirname(session_auth.__file__), "py.typed"))');
}

SKIP: {
	skip('mypy is not installed', 1) unless $shops->has('sh', '-c', 'command -v mypy');
	runs('its types are right', 'mypy', '--config-file', 'packages/python/pyproject.toml', '--cache-dir', "$dir/mypy", 'packages/python/src');
}

# What the page shows is Python, of names that are there.
my $page = slurp_file('packages/python/README.md');
my @blocks = $page =~ /^```python\n(.*?)^```$/msg;
cmp_ok(scalar(@blocks), '>=', 7, 'the page has its examples');
runs("it is Python, of names that are there: " . (split /\n/)[0], "$installed/python", '-c', <<'END', $_) foreach @blocks;
import ast, importlib, sys
for node in ast.walk(ast.parse(sys.argv[1])):
    if isinstance(node, ast.ImportFrom):
        [getattr(importlib.import_module(node.module), alias.name) for alias in node.names if not node.module.endswith('django')]
    elif isinstance(node, ast.Import):
        [importlib.import_module(alias.name) for alias in node.names]
END

# ------------------------------------------------------------------------- used

my %needs = (psycopg => 'psycopg', sqlalchemy => 'sqlalchemy, psycopg2', django => 'django, psycopg2', fastapi => 'fastapi, httpx, sqlalchemy, psycopg2', flask => 'flask, sqlalchemy, psycopg2');
foreach my $module (sort keys %needs)
{
	subtest $module => sub {
		plan skip_all => "$needs{$module} is not installed" unless $shops->has($python, '-c', "import $needs{$module}");
		$node->safe_psql('postgres', "CREATE DATABASE $module");
		$shops->alive($module, "$installed/python", "test/python/with_$module.py");
		$shops->drop($module);
	};
}

$node->stop;
done_testing();
