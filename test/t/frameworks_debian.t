# The web frameworks that Debian has, alive: each logs people in against this server, which
# verifies the cookies as they arrive, refuses spoilt ones, and refuses them after the logout.
# Those that scripts/packages.txt does not name run where they are installed: make check-web
# installs scripts/packages-frameworks.txt. Also: test/t/frameworks_npm.t, test/t/web_vectors.t.
use strict;
use warnings;
use Cwd qw(cwd);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;
use Frameworks;

my $python = '/usr/bin/python3';
local $ENV{PYTHONPATH} = cwd() . '/packages/python/src';
my $node = new_server('frameworks');
my $shops = Frameworks->new($node, 'a secret of this run, longer than thirty-two bytes');

# ---------------------------------------------------------------------- Python

subtest 'Django: examples/django' => sub {
	plan skip_all => 'python3-django is not installed' unless $shops->has($python, '-c', 'import django, psycopg2');
	$node->safe_psql('postgres', 'CREATE DATABASE django');
	$shops->run_as('django', $shops->{owner}, $python, 'examples/django/manage.py', 'migrate', '--verbosity=0');
	$shops->set_up('django', 'examples/django/setup.sql');
	$shops->alive('django', $python, 'test/frameworks/with_django.py');
	$shops->shows('Django', 'examples/django');
	$shops->drop('django');
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
		plan skip_all => "python3-$module and what goes with it is not installed" unless $shops->has($python, '-c', "import $module, flask_login, sqlalchemy, psycopg2, httpx");
		my $dir = $shops->typed('Flask and FastAPI');
		$shops->add($module, $dir, $name eq 'Flask' ? 'flask' : 'starlette', hash_of_werkzeug());
		$shops->alive($module, $python, "test/frameworks/with_$module.py", $dir);
		$shops->drop($module);
	};
}

# ------------------------------------------------------------------ Ruby and PHP

subtest 'Rails: examples/rails' => sub {
	plan skip_all => 'ruby-rails and what goes with it is not installed' unless $shops->has('ruby', '-e', 'require "rails"; require "pg"; require "bcrypt"');
	$node->safe_psql('postgres', 'CREATE DATABASE rails');
	$shops->set_up('rails', 'examples/rails/db/setup.sql');
	$shops->alive('rails', 'ruby', 'test/frameworks/with_rails.rb');
	$shops->shows('Rails', 'examples/rails');
	$shops->drop('rails');
};

subtest 'Laravel' => sub {
	plan skip_all => 'php-illuminate-auth and what goes with it is not installed' unless $shops->has('php', '-r', 'require "Illuminate/Auth/autoload.php"; exit(extension_loaded("pdo_pgsql") ? 0 : 1);');
	my $dir = $shops->typed('Laravel');
	local $shops->{secret} = 'base64:' . encode_base64('0123456789abcdef0123456789abcdef', '');
	$shops->add('laravel', $dir, 'laravel', '');
	$shops->alive('laravel', 'php', 'test/frameworks/with_laravel.php', $dir);
	$shops->drop('laravel');
};

# -------------------------------------------------------------------- Symfony

subtest 'Symfony' => sub {
	plan skip_all => 'php-symfony-security-http is not installed' unless $shops->has('php', '-r', 'require "Symfony/Component/Security/Http/autoload.php"; require "Symfony/Component/HttpKernel/autoload.php"; exit(extension_loaded("pdo_pgsql") ? 0 : 1);');
	$node->safe_psql('postgres', 'CREATE DATABASE symfony');
	$node->safe_psql('symfony', 'CREATE EXTENSION session_auth');
	$shops->alive('symfony', 'php', 'test/frameworks/with_symfony.php');
	$node->safe_psql('postgres', 'DROP DATABASE symfony WITH (FORCE)');
};

# --------------------------------------------------------------------- Elixir

# Debian has no Plug: test/frameworks/phoenix_stand_ins.exs says what stands in for it, plug_cookies.exs who makes cookies.
subtest 'Phoenix' => sub {
	my $dir = $shops->typed('Phoenix');
	local $shops->{secret} = $shops->{secret} x 2; # Plug wants 64 bytes
	$shops->add('phoenix', $dir, 'phoenix', '');
	is($node->safe_psql('phoenix', q{INSERT INTO users_tokens (user_id, token, context, inserted_at) VALUES (1, sha256('a'), 'session', now()), (1, sha256('b'), 'reset', now()); SELECT count(*) FROM session_auth.sessions}), 1, 'a token of context session is a session');
	SKIP: {
		skip('elixir is not installed', 1) unless $shops->has('sh', '-c', 'command -v elixir');
		my @modules = ((map { "test/frameworks/$_.exs" } qw(tap phoenix_stand_ins plug_cookies)), "$dir/as_sender.ex", "$dir/account_controller.ex");
		$shops->alive('phoenix', 'elixir', (map { ('-r', $_) } @modules), 'test/frameworks/with_phoenix.exs');
	}
	$shops->drop('phoenix');
};

$node->stop;
done_testing();
