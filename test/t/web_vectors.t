# The cookies that web frameworks' libraries made, with these libraries' own verdicts
# (test/vectors/web_frameworks.json, and web_frameworks_more.json, which test/npm/frameworks/vectors.mjs makes),
# through the server: secrets set up and tables adopted as
# an administrator does it, by a server whose clock stands where the verdict was made (libfaketime).
# Also: test/t/vectors.t, test/t/libraries.t, test/unit/web_frameworks_test.c, test/pgtap/cookie_secrets.sql.
use strict;
use warnings;
use Cwd qw(abs_path);
use Encode qw(decode_utf8 encode_utf8);
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use POSIX qw(strftime);
use SessionAuth;

my $faketime = find_faketime();
plan skip_all => 'libfaketime is not installed' unless $faketime;

# One kind serves both versions of iron-session, and a seal does not say which of them reads it: without the ~2 at its
# end, which both write, 8 reads an empty session in it and 9 the session. The stricter answer is right for both.
sub stricter
{
	my ($v) = @_;
	return $v->{framework} eq 'iron-session' && $v->{version} =~ /^9\./ && $v->{cookie_value} !~ /~2$/;
}

# ------------------------------------------------------------------- the clock

my $clock = abs_path(PostgreSQL::Test::Utils::tempdir()) . '/clock'; # a server changes into its own folder

sub set_clock
{
	my ($now) = @_;
	open(my $file, '>', "$clock.new") or die $!;
	print {$file} strftime('%Y-%m-%d %H:%M:%S', gmtime $now), "\n";
	close $file;
	rename("$clock.new", $clock) or die $!;
	return;
}

# Backends read the clock anew each time; each vector has one of its own, as time never goes back in one.
set_clock(1900000000);
my $node;
{
	local @ENV{qw(LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC TZ)} = ($faketime, $clock, 1, 1, 'UTC');
	$node = new_server('web_vectors', "timezone = 'UTC'", 'autovacuum = off', 'restart_after_crash = off');
}
add_extension($node);

# A build that has libsodium names its library; one without leaves out two kinds.
my $has_sodium = slurp_file($node->config_data('--pkglibdir') . '/session_auth.so') =~ /libsodium\.so/;

# Literals, as they stand in the vectors: nothing in them is to be believed.
sub literal
{
	my ($text) = @_;
	return 'NULL' unless defined $text;
	$text =~ s/([\\'])/$1$1/g;
	return "E'$text'";
}

# -------------------------------------------------------------- what is set up

my %kinds = (
	'django' => 'django', 'flask' => 'flask', 'flask-login' => 'flask-login', 'starlette' => 'starlette', 'laravel' => 'laravel', 'express-session' => 'express', 'cookie-session' => 'cookie-session',
	'koa-session' => 'koa', '@fastify/session' => 'fastify', '@fastify/secure-session' => 'fastify-secure', 'iron-session' => 'iron-session', 'h3 (nuxt-auth-utils)' => 'h3', '@remix-run/node' => 'remix',
	'react-router' => 'react-router', 'better-auth' => 'better-auth', 'auth.js' => 'authjs');

sub kind_of
{
	my ($v) = @_;
	return $v->{kind} eq 'signed' ? 'rails-signed' : 'rails' if $v->{framework} eq 'rails';
	return $v->{kind} =~ /^(?:Phoenix.Token|signed cookie)$/ ? 'phoenix-token' : 'phoenix' if $v->{framework} eq 'phoenix';
	return $kinds{ $v->{framework} };
}

sub secrets_of
{
	my ($secret) = @_;
	return ref $secret eq 'ARRAY' ? @$secret : ref $secret ? values %$secret : ($secret);
}

# add_cookie_secret, with what the framework's configuration says; the newest secret comes first there.
sub secrets_sql
{
	my ($v) = @_;
	my ($kind, $params) = (kind_of($v), $v->{params});
	my $name = 'ARRAY[' . literal($v->{cookie_name}) . ']';
	return map { 'SELECT session_auth.add_authjs_secret(' . literal($_) . ", $name)" } reverse secrets_of($v->{secret}) if $kind eq 'authjs';
	my @options = ("cookie_names => $name");
	my ($age) = grep { $_ && /^\d+$/ } @$params{qw(max_age maxAge expiry)};
	push @options, "max_age => '$age s'" if $age && $v->{kind} ne 'db';
	my $salt = $v->{kind} =~ /^(?:get_signed_cookie|signed cookie|db)$/ ? undef : $params->{salt};
	push @options, 'salts => ' . ($v->{kind} eq 'encrypted cookie store' ? "ARRAY['another', " . literal($salt) . ']' : 'ARRAY[' . literal($salt) . ']') if defined $salt;
	push @options, q(id_path => '{}') if $v->{kind} eq 'get_signed_cookie' || ($kind eq 'rails-signed' && $v->{cookie_name} eq 'uid');
	push @options, 'without_end => true';
	return map { "SELECT session_auth.add_cookie_secret('$kind', " . join(', ', literal($_), @options) . ')' } reverse secrets_of($v->{secret});
}

# How an administrator adopts each of the tables; Laravel's by its last activity.
my %tables = (
	django_session => [ 'session_key text, session_data text, expire_date timestamptz', sub { q('session_key', 'session_data', 'expire_date', user_form => 'django') } ],
	sessions => [ 'id text, user_id bigint, ip_address text, user_agent text, payload text, last_activity integer', sub { q('id', 'user_id', 'last_activity', expires_form => 'seconds', lifetime => ') . ($_[0]{params}{lifetime_minutes} * 60 + 1) . q( s') } ],
	users_tokens => [ 'user_id bigint, token bytea, context text, inserted_at timestamp', sub { q('token', 'user_id', 'inserted_at', token_form => 'bytea', lifetime => '60 days', where_column => 'context', where_value => 'session') } ],
	'session express' => [ 'sid text, sess json, expire timestamp', sub { q('sid', 'sess', 'expire', user_path => '{passport,user}') } ],
	'session fastify' => [ 'sid text, sess json, expire timestamp', sub { q('sid', 'sess', 'expire', user_path => '{user,id}') } ],
	'session better-auth' => [ 'token text, "userId" text, "expiresAt" timestamptz', sub { q('token', 'userId', 'expiresAt') } ]);

sub adoption_sql
{
	my ($v) = @_;
	my @sql;
	foreach my $name (sort keys %{ $v->{rows} // {} })
	{
		my $table = $tables{$name} // $tables{ "$name " . kind_of($v) } // die("no adoption is known for the vectors' table \"$name\" ($v->{framework})");
		my ($columns, $how) = @$table;
		push @sql, "CREATE TABLE app.\"$name\" ($columns)",
			"INSERT INTO app.\"$name\" SELECT * FROM json_populate_recordset(NULL::app.\"$name\", " . literal(JSON::PP->new->ascii->encode($v->{rows}{$name})) . ')',
			"SELECT session_auth.adopt_sessions('app.\"$name\"', " . $how->($v) . ')';
	}
	return @sql;
}

# generated authentication's table, which the vectors name by its id alone
sub rails_sessions_sql
{
	my ($v) = @_;
	return unless kind_of($v) eq 'rails-signed' && $v->{cookie_name} eq 'session_id';
	return ('CREATE TABLE app.sessions (id bigint, user_id bigint, until timestamptz)', q(INSERT INTO app.sessions VALUES (7, 42, '2100-01-01')),
		q(SELECT session_auth.adopt_sessions('app.sessions', 'id', 'user_id', 'until', token_form => 'id')));
}

# ---------------------------------------------------------------------- verdicts

# The user, by each of the ways that a cookie takes; nobody where it is refused.
my @ways = (
	[ 'as the header', 'SELECT user_id FROM session_auth.verify_session(%s)' ],
	[ 'by token_from_cookie', 'SELECT user_id FROM session_auth.verify_session(session_auth.token_from_cookie(%s))' ],
	[ 'by authenticate', q{SELECT user_id FROM session_auth.authenticate(session_auth.token_from_cookie(%s), on_refused => 'nobody')} ],
	[ 'by its request', q{SELECT user_id FROM session_auth.authenticate_request(%s, NULL, on_refused => 'nobody')} ],
	[ 'among others', q{SELECT user_id FROM session_auth.authenticate_request('a=1; ' || %s || '; z=2', NULL, on_refused => 'nobody')} ],
	[ 'seen before', q{SELECT user_id FROM session_auth.authenticate_request(%s, NULL, on_refused => 'nobody')} ]);

sub users_of
{
	my ($v) = @_;
	my $header = literal($v->{cookie_header});
	my $sql = join(";\n", q{SET client_min_messages = error; DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app; DELETE FROM session_auth.authjs_secrets; DELETE FROM session_auth.cookie_secrets; DELETE FROM session_auth.sessions},
		secrets_sql($v), adoption_sql($v), rails_sessions_sql($v), qq(\\echo verdict\nSELECT extract(epoch FROM clock_timestamp())::bigint), map { q(\echo verdict) . "\nSELECT coalesce((" . sprintf($_->[1], $header) . "), 'nobody')" } @ways) . ';';
	my ($status, $out, $err) = $node->psql('postgres', $sql, on_error_stop => 1);
	my (undef, @users) = split /^verdict\n/m, $out;
	chomp @users;
	return ($err, @users);
}

my @vectors = map { @{ JSON::PP->new->decode(decode_utf8(slurp_file("test/vectors/$_.json"))) } } qw(web_frameworks web_frameworks_more);
my %table;
foreach my $v (sort { $a->{now} <=> $b->{now} } @vectors)
{
	my $expect = $v->{expect};
	my $accept = $expect->{accept} && !stricter($v);
	set_clock($v->{now});
	my ($error, @users) = users_of($v);
	if (!$has_sodium && $error =~ /without libsodium/)
	{
		diag("$v->{id}: this build is without libsodium");
		next;
	}
	is($error, '', "$v->{id}: set up");
	is(shift @users, $v->{now}, "$v->{id}: its clock");
	foreach my $i (0 .. $#ways)
	{
		my $user = $users[$i] // 'none';
		my $wanted = $accept ? encode_utf8($expect->{user_id} // '42') : 'nobody';
		is($user, $wanted, "$v->{id} ($v->{framework} $v->{version}, $v->{kind}: $v->{note}): $ways[$i][0]");
	}
	$table{ kind_of($v) }{ $accept ? 'accepted' : 'refused' }++;
}
diag(sprintf('%-16s %8s %8s', 'kind', 'accepted', 'refused'));
diag(sprintf('%-16s %8d %8d', $_, map { $_ // 0 } @{ $table{$_} }{qw(accepted refused)})) foreach sort keys %table;
$node->stop;
done_testing();
