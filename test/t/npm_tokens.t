# Tokens that the real npm packages make in this run, verified by the database:
# the same verdict and the same claims as the library's own; and tokens of
# issue_token, verified by jose. Needs npm, so it runs where SESSION_AUTH_NPM is
# set, which make check-web does, beside the cluster that PGHOST names.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IPC::Run;
use JSON::PP;
use Test::More;

plan skip_all => 'npm is not asked for: make check-web runs this' unless $ENV{SESSION_AUTH_NPM};
my $json = JSON::PP->new->utf8->canonical;
my $dir = tempdir(CLEANUP => 1);
copy("test/npm/$_", "$dir/$_") or die "test/npm/$_: $!" foreach qw(package.json package-lock.json .npmrc tokens.mjs verify.mjs);

# What a program prints; the test ends when it fails.
sub output_of
{
	my ($what, @command) = @_;
	my ($output, $errors) = ('', '');
	IPC::Run::run(\@command, '<', \undef, '>', \$output, '2>', \$errors) or BAIL_OUT("$what failed: $errors");
	return $output;
}

my $database = "session_auth_npm_$$";
output_of('CREATE DATABASE', 'psql', '--no-psqlrc', '--quiet', '--command', "CREATE DATABASE $database");
END { system 'psql', '--no-psqlrc', '--quiet', '--command', "DROP DATABASE IF EXISTS $database WITH (FORCE)" if $database; }

# The last line that a script's statements answer.
sub ask
{
	my ($script) = @_;
	my ($output, $errors) = ('', '');
	IPC::Run::run([ 'psql', '--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1', "--dbname=$database" ], '<', \"SET client_min_messages = error; $script", '>', \$output, '2>', \$errors);
	return ((split /\n/, $output)[-1] // '', $errors);
}

# format()'s %L, for text as it came from Node.
sub literal
{
	my ($text) = @_;
	return 'NULL' unless defined $text;
	$text =~ s/([\\'])/$1$1/g;
	utf8::encode($text);
	return "E'$text'";
}

sub statement
{
	my ($format, @values) = @_;
	$format =~ s/%L/literal(shift @values)/ge;
	return "$format \\g /dev/null\n";
}

ask('CREATE EXTENSION session_auth');
note('installing the packages that test/npm/package.json names');
output_of('npm ci', 'npm', 'ci', '--silent', '--prefix', $dir);
my @vectors = map { $json->decode($_) } split /\n/, output_of('making tokens', 'node', "$dir/tokens.mjs");
cmp_ok(scalar @vectors, '>', 60, 'the packages have made their tokens');

foreach my $vector (@vectors)
{
	my $what = $vector->{what};
	my $setup = "BEGIN;\n" . join '', map { statement(@$_) } @{ $vector->{setup} };
	$setup .= statement('SELECT session_auth.create_session(%L, token => %L)', @{ $vector->{session} }{qw(user token)}) if $vector->{session};
	if ($vector->{issue})
	{
		my ($token, $errors) = ask($setup . q{SELECT session_auth.issue_token(} . literal($vector->{issue}{sub}) . q{, '5 min', } . literal($json->encode({ role => $vector->{issue}{role} })) . q{)});
		is($errors, '', "$what: issued") or next;
		my $read = $json->decode(output_of('verifying with jose', 'node', "$dir/verify.mjs", $json->encode({ token => $token, spki => $vector->{spki}, alg => $vector->{alg} })));
		is("$read->{kid} $read->{payload}{sub} $read->{payload}{role}", 'ours u-2 USER', "$what: jose verifies it");
		next;
	}
	my $call = defined $vector->{token} ? 'authenticate(' . literal($vector->{token}) . ')' : 'authenticate_request(' . join(', ', map { literal($vector->{$_}) } qw(cookie authorization)) . ')';
	my ($answer, $errors) = ask("${setup}SELECT session_auth.$call \\g /dev/null\nSELECT jsonb_build_object('user', session_auth.user_id(), 'role', session_auth.role(), 'claims', session_auth.claims())");
	if (!$vector->{claims} && !defined $vector->{user})
	{
		like($errors, qr/invalid or expired session token/, "$what: refused");
		next;
	}
	is($errors, '', "$what: accepted") or next;
	my $got = $json->decode($answer);
	is($got->{user}, $vector->{user} // $vector->{claims}{sub}, "$what: the user");
	if ($vector->{claims})
	{
		is($json->encode($got->{claims}), $json->encode($vector->{claims}), "$what: the claims");
		is($got->{role}, $vector->{claims}{role}, "$what: the role");
	}
	if ($vector->{cache})
	{
		# the session's own token would open it elsewhere
		my ($shown, $token) = map { delete $_->{session}{token} } $got->{claims}, $vector->{cache};
		isnt($shown, $token, "$what: the claims do not show the session's token");
		is($json->encode($got->{claims}{$_}), $json->encode($vector->{cache}{$_}), "$what: the $_") foreach qw(session user);
	}
}
done_testing();
