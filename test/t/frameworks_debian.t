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

# Debian has no Plug: what the page says in SQL is typed, what it says in Elixir is parsed, and
# cookies are made by Erlang/OTP's own crypto and terms, as Plug.Crypto makes them.
subtest 'Phoenix' => sub {
	my $dir = $shops->typed('Phoenix');
	local $shops->{secret} = $shops->{secret} x 2; # Plug wants 64 bytes
	$shops->add('phoenix', $dir, 'phoenix', '');
	is($node->safe_psql('phoenix', q{INSERT INTO users_tokens (user_id, token, context, inserted_at) VALUES (1, sha256('a'), 'session', now()), (1, sha256('b'), 'reset', now()); SELECT count(*) FROM session_auth.sessions}), 1, 'a token of context session is a session');
	SKIP: {
		skip('elixir is not installed', 1) unless $shops->has('sh', '-c', 'command -v elixir');
		$shops->run_as('postgres', $shops->{owner}, 'elixir', '-e', 'Code.string_to_quoted!(File.read!(hd(System.argv())))', "$dir/as_sender.ex");
		my ($out, $err) = run_command([ 'elixir', 'test/frameworks/with_phoenix.exs', $shops->{secret}, 'signing-salt' ]);
		my %made = $out =~ /^(\w+)=(.*)$/mg;
		BAIL_OUT("elixir says: $err") unless $made{old};
		note("with Erlang/OTP $made{otp}");
		$node->safe_psql('phoenix', qq{INSERT INTO users_tokens (user_id, token, context, inserted_at) VALUES (2, '\\x$made{token}', 'session', now()); SELECT session_auth.add_cookie_secret('phoenix-token', '$shops->{secret}', salts => '{user auth}')});
		my $who = sub { return $node->safe_psql('phoenix', "SELECT coalesce(user_id, 'nobody') FROM session_auth.authenticate_request('_shop_key=$_[0]', NULL, on_refused => 'nobody')") };
		my $signed = sub { return $node->safe_psql('phoenix', "SELECT coalesce(user_id, 'nobody') FROM session_auth.authenticate('$_[0]', on_refused => 'nobody')") };
		is($who->($made{cookie}), '2', 'a signed cookie of phx.gen.auth names the session in users_tokens');
		is($who->($made{$_}), 'nobody', "one that is $_ does not") foreach qw(salted guest);
		is($who->(substr($made{cookie}, 0, -1) . ($made{cookie} =~ /A$/ ? 'E' : 'A')), 'nobody', 'nor one that is tampered with');
		is($who->($made{compressed}), 'nobody', 'nor one whose term is compressed, which Plug never does');
		is($signed->($made{signed}) . ' ' . $signed->($made{text}), '42 ada', q{Phoenix.Token's data are the user});
		is($signed->($made{old}), 'nobody', 'until its age');
		$node->safe_psql('phoenix', q{DELETE FROM users_tokens WHERE user_id = 2});
		is($who->($made{cookie}), 'nobody', 'without its row the cookie is nobody');
	}
	$shops->drop('phoenix');
};

$node->stop;
done_testing();
