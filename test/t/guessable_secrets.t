# A secret that can be found by trying: refused where the framework itself refuses it (test/pgtap/cookie_secrets.sql),
# taken with a WARNING elsewhere, also where it lies in a file. The message holds nothing of it.
use strict;
use warnings;
use Cwd qw(abs_path);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('secrets');
add_extension($node);

# What a call says, without the line of the call.
sub said
{
	my ($call) = @_;
	my ($status, undef, $error) = $node->psql('postgres', "SELECT session_auth.$call");
	is($status, 0, "taken: $call");
	return $error;
}

my $warning = qr/^psql:[^\n]*: WARNING:  the secret can be guessed\nDETAIL:  It is shorter than 16 bytes, or has fewer than 5 different characters: who has one cookie can find it by trying, and sign in as anybody\.\nHINT:  Give the application a random one, for example of "openssl rand -base64 48"\.\n*$/;
like(said($_), $warning, '… with a WARNING')
	foreach q{add_authjs_secret('x')}, q{add_authjs_secret('fifteen_letters')}, q{add_cookie_secret('express', 'keyboard cat')},
	q{add_cookie_secret('django', repeat('abcd', 16))}, q{add_cookie_secret('flask', 'dev')};
is(said($_), '', '… without one')
	foreach q{add_authjs_secret('sixteen_letters!')}, q{add_cookie_secret('koa', 'remix-new-secret')},
	q{add_cookie_secret('laravel', 'base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=')};

like(said($_), qr/^psql:[^\n]*: NOTICE:  cookies of kind "(?:iron-session|rails)" cannot be revoked one by one\nDETAIL:  They do not say when they were issued: [^\n]*until the secret is replaced\.\n*$/, '… with a word on cookies that do not say when they were issued')
	foreach q{add_cookie_secret('iron-session', 'a password of at least 32 letters', '{app}')},
	q{add_cookie_secret('rails', 'a secret_key_base of many letters', '{_app_session}', max_age => '1 day')};

my $dir = abs_path(PostgreSQL::Test::Utils::tempdir());
append_to_file("$dir/short", "hunter2\n");
append_to_file("$dir/long", "a long secret of which nobody knows\n");
my $error = said("add_cookie_secret('express', 'file:$dir/short')");
like($error, $warning, '… of what is in a file');
unlike($error, qr/hunter2/, '… and not what it is');
is(said("add_cookie_secret('express', 'file:$dir/long')"), '', 'a name of a file is no secret');
done_testing();
