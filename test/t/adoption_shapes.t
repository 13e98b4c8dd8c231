# docs/adoption.md is typed as it stands: a row's tables are created, adopted as it says
# with rows in them and once more with rows that come later, and the tokens that clients
# have open what they should.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(hmac_sha256 sha256 sha256_hex);
use Encode qw(decode_utf8 encode_utf8);
use MIME::Base64 qw(encode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('shapes');
add_extension($node);
my $ask = sub { return $node->safe_psql('postgres', join "\n", @_) };
my $uuid = sub { return sprintf '%s-%s-4%s-8%s-%s', unpack 'A8A4A3A3A12', sha256_hex($_[0]) };
# numbers as large as their frameworks write them
my $seconds = time + 3600;

# session_data as Django signs it: JSON, seconds in base 62, HMAC-SHA256 with a key of its salt
sub django_row
{
	my ($user) = @_;
	my ($time, $stamp, @digits) = (time, '', 0 .. 9, 'A' .. 'Z', 'a' .. 'z');
	for (; $time > 0; $time = int($time / 62)) { $stamp = $digits[$time % 62] . $stamp; }
	my $value = encode_base64url(qq({"_auth_user_id": "$user"})) . ":$stamp";
	return "$value:" . encode_base64url(hmac_sha256($value, sha256('django.contrib.sessions.SessionStore' . 'signer' . 'a secret of Django')));
}

# sess_data as PHP and Symfony write it, with a private property
sub symfony_row
{
	my ($user) = @_;
	my $token = qq(O:74:"Symfony\\Component\\Security\\Core\\Authentication\\Token\\UsernamePasswordToken":3:{i:0;N;i:1;s:4:"main";i:2;a:5:{i:0;O:8:"App\\User":1:{s:12:"\0App\\User\0id";i:$user;}i:1;b:1;i:2;N;i:3;a:0:{}i:4;a:1:{i:0;s:9:"ROLE_USER";}}});
	return unpack 'H*', qq(_sf2_attributes|a:1:{s:14:"_security_main";s:) . length($token) . qq(:"$token";}_sf2_meta|a:1:{s:1:"u";i:$seconds;});
}

# By the words in front of the first comma or colon of a row's first column: the row that
# is inserted ($n is 1 before adoption, 2 after it), what its client presents, and the
# user; a session that only a proved cookie opens has no token here.
my %samples = (
	'Prisma (Auth.js)' => sub { my $t = $uuid->("p$_[0]"); return (qq{INSERT INTO "Session" VALUES ('s$_[0]', '$t', 'u$_[0]', now() AT TIME ZONE 'UTC' + interval '1 hour')}, $t, "u$_[0]") },
	'Auth.js, @auth/pg-adapter' => sub { my $t = $uuid->("a$_[0]"); return (qq{INSERT INTO sessions ("userId", expires, "sessionToken") VALUES ($_[0], now() + interval '1 hour', '$t')}, $t, $_[0]) },
	'Auth.js, Drizzle' => sub { my $t = $uuid->("d$_[0]"); return (qq{INSERT INTO session VALUES ('$t', 'u$_[0]', now() AT TIME ZONE 'UTC' + interval '1 hour')}, $t, "u$_[0]") },
	'Auth.js, Kysely' => sub { my ($t, $u) = map { $uuid->("$_$_[0]") } 'k', 'ku'; return (qq{INSERT INTO "Session" VALUES (gen_random_uuid(), '$u', '$t', now() AT TIME ZONE 'Asia/Tokyo' + interval '1 hour')}, $t, $u) },
	'Auth.js, TypeORM' => sub { my ($t, $u) = map { $uuid->("$_$_[0]") } 't', 'tu'; return (qq{INSERT INTO sessions VALUES (gen_random_uuid(), '$t', '$u', '${seconds}123')}, $t, $u) },
	'Auth.js, Sequelize' => sub { my ($t, $u) = map { $uuid->("$_$_[0]") } 's', 'su'; return (qq{INSERT INTO sessions VALUES (gen_random_uuid(), now() + interval '1 hour', '$t', '$u')}, $t, $u) },
	'express-session with connect-pg-simple and Passport' => sub { my $t = "jIpn8EPEL7AD6oylKAZ3g_qe-enmWm2$_[0]"; return (qq{SET timezone = 'Asia/Tokyo'; INSERT INTO session VALUES ('$t', '{"cookie": {"originalMaxAge": 3600000}, "passport": {"user": $_[0]}}', to_timestamp($seconds))}, $t, $_[0]) },
	'better-auth, with its organization and admin plugins' => sub { my $t = "cP5f5EceU5e2FUzsRU2CtiPgnxTL8DH$_[0]"; return (qq{INSERT INTO session VALUES ('i$_[0]', '$t', 'u$_[0]', now() + interval '1 hour', 'acme', 'root')}, $t, "u$_[0]", 'acme') },
	'Laravel' => sub { return (qq{INSERT INTO sessions VALUES ('KUSV0WKufAZMI1G3gd0PFC2aAEZrnQinMe4Ehas$_[0]', 4$_[0], 'YToyOntz', $seconds - 7000)}, undef, "4$_[0]") },
	'Symfony, PdoSessionHandler' => sub { my $t = "q5c0s1v7m4b8k2n6j3h9g0f5d2$_[0]"; my $data = symfony_row("4$_[0]"); return (qq{INSERT INTO sessions VALUES ('$t', decode('$data', 'hex'), $seconds, $seconds - 1440)}, $t, "4$_[0]") },
	'Symfony, with a column for the user' => sub { my $t = "q5c0s1v7m4b8k2n6j3h9g0f5d1$_[0]"; return (qq{INSERT INTO sessions VALUES ('$t', '', $seconds, $seconds - 1440, 'u$_[0]')}, $t, "u$_[0]") },
	'Spring Session JDBC' => sub { my $t = $uuid->("sp$_[0]"); return (qq{INSERT INTO spring_session VALUES ('$t', '$t', ${seconds}000, 1800, ${seconds}456, 'u$_[0]')}, $t, "u$_[0]") },
	'Phoenix' => sub { return (qq{INSERT INTO users_tokens (user_id, token, context, inserted_at) VALUES (4$_[0], convert_to('phx-session-token-0123456789abcd$_[0]', 'UTF8'), 'session', now() AT TIME ZONE 'UTC'), (9, 'phx-reset-token-0123456789abcdef$_[0]', 'reset_password', now() AT TIME ZONE 'UTC')}, "phx-session-token-0123456789abcd$_[0]", "4$_[0]") },
	'Rails 8' => sub { return (qq{INSERT INTO sessions (user_id, created_at) VALUES (4$_[0], now() AT TIME ZONE 'UTC')}, undef, "4$_[0]") },
	q{Django, with its secret set up: `add_cookie_secret('django', …)`} => sub { my $t = "fxygquay7pps0ef69cearfl2wbkqyk7$_[0]"; my $data = django_row("4$_[0]"); return (qq{DO \$\$BEGIN PERFORM session_auth.add_cookie_secret('django', 'a secret of Django'); END\$\$; INSERT INTO django_session VALUES ('$t', '$data', now() + interval '1 hour')}, $t, "4$_[0]") },
	'Lucia 3' => sub { my $t = "w6pc3m2xa5ttb4zdhx7jq2kyofzr5mnsv6pc3m$_[0]"; return (qq{INSERT INTO user_session VALUES ('$t', 'u$_[0]', now() + interval '1 hour')}, $t, "u$_[0]") },
	q{Lucia's guide: the id is the digest of the token} => sub { my $t = "w6pc3m2xa5ttb4zdhx7jq2kyofzr5m$_[0]"; my $id = sha256_hex($t); return (qq{INSERT INTO session VALUES ('$id', $_[0], now() + interval '1 hour')}, $t, $_[0], undef, $id) },
	'your own, digests as bytes, with a purpose' => sub { my ($t, $u) = ("own-token-0123456789abcdefghijk$_[0]", $uuid->("o$_[0]")); return (qq{INSERT INTO tokens VALUES (sha256('$t'), 'login', '$u', now() + interval '1 hour'), (sha256('reset-$t'), 'reset', '$u', now() + interval '1 hour')}, $t, $u, undef, "reset-$t") },
	'your own, digests in base64, the last activity' => sub { my $t = "own-token-0123456789abcdefghijk$_[0]x"; return (qq{INSERT INTO logins VALUES (encode(sha256('$t'), 'base64'), 7$_[0], now())}, $t, "7$_[0]") },
	'your own, random bytes in hexadecimal, seconds' => sub { my $t = sha256_hex("hex$_[0]"); return (qq{INSERT INTO logins VALUES ('$t', '{"user": {"id": "u$_[0]"}}', $seconds)}, $t, "u$_[0]") },
	'partitioned by month' => sub { my $t = $uuid->("part$_[0]"); return (qq{CREATE TABLE IF NOT EXISTS month PARTITION OF logins DEFAULT; INSERT INTO logins VALUES ('$t', 'u$_[0]', now() + interval '1 hour')}, $t, "u$_[0]") },
);
# Rows of roles, and which roles the user has then.
my %roles = (
	'Prisma, an enum or a text' => [ q{INSERT INTO "User" VALUES ('a1', 'ADMIN')}, 'a1', 'ADMIN' ],
	'an array' => [ q{INSERT INTO users (roles) VALUES ('{A,B}')}, '1', 'A B' ],
	q{better-auth's admin plugin: several in one text, and bans} => [ q{INSERT INTO "user" VALUES ('a2', 'admin,user', false), ('a2-banned', 'user', true)}, 'a2', 'admin user' ],
	q{better-auth's organization plugin} => [ q{INSERT INTO member VALUES ('m1', 'acme', 'a3', 'owner,admin'), ('m2', 'other', 'a3', 'member')}, 'a3', 'admin@acme member@other owner@acme' ],
	'a join table' => [ q{INSERT INTO user_roles VALUES (31, 'X'), (31, 'Y')}, '31', 'X Y' ],
	'a join table with who granted it' => [ q{INSERT INTO grants VALUES (32, 'X', NULL), (32, 'Y', NULL)}, '32', 'X Y' ],
);

my $page = decode_utf8(slurp_file('docs/adoption.md'));
my @rows = $page =~ /^\| ([^|]+?) \| `([^|]+)` \| `([^|]+)` \|$/mg;
my (%typed, $n);
while (my ($name, $shape, $type) = splice @rows, 0, 3)
{
	my $schema = 'shape' . ++$n;
	$typed{$name} = 1;
	my $label = encode_utf8($name);
	my $in = "SET search_path = $schema; SET client_min_messages = error;";
	my $table = "CREATE SCHEMA $schema; $in " . ($shape =~ /REFERENCES users/ ? 'CREATE TABLE users (id bigint PRIMARY KEY);' : '') . ' CREATE TABLE ' . $shape;
	if ($roles{$name})
	{
		my ($insert, $user, $expected) = @{ $roles{$name} };
		$ask->("$table; $in $type; $insert");
		is($ask->(qq{SELECT string_agg(role || coalesce('\@' || tenant, ''), ' ' ORDER BY role, tenant) FROM session_auth.user_roles WHERE user_id = '$user'}), $expected, "$label: roles");
	}
	elsif ($samples{$name})
	{
		my @first = $samples{$name}->(1);
		my @second = $samples{$name}->(2);
		is($ask->("$table; $in $first[0]; $type"), '1', "$label: one session is taken over");
		$ask->("$in $second[0]");
		foreach (\@first, \@second)
		{
			my (undef, $token, $user, $tenant, $nothing) = @$_;
			if (defined $token)
			{
				is($ask->(qq{SELECT concat_ws(' ', user_id, tenant) FROM session_auth.verify_session('$token') WHERE expires_at BETWEEN now() + interval '50 minutes' AND now() + interval '61 days'}), join(' ', $user, $tenant // ()), "$label: the token opens its session");
			}
			else
			{
				is($ask->(qq{SELECT signed_only, expires_at BETWEEN now() AND now() + interval '14 days 1 minute' FROM session_auth.sessions WHERE user_id = '$user' AND ended_at IS NULL}), 't|t', "$label: a session that a proved cookie opens");
				$ask->(qq{UPDATE session_auth.sessions SET user_id = 'seen $schema' WHERE user_id = '$user'});
			}
			is($ask->(qq{SELECT count(*) FROM session_auth.verify_session('$nothing')}), '0', "$label: what else is stored opens nothing") if defined $nothing;
		}
		$ask->("$in " . 'SELECT session_auth.abandon(source) FROM session_auth.list_adoptions()');
	}
	else { fail("$label: the test has no rows for it") }
}
is(join(', ', grep { !$typed{$_} } sort keys %samples, keys %roles), '', 'all rows are on the page');
cmp_ok(scalar(keys %typed), '>=', 20, 'there are twenty shapes and more');
is($ask->(q{SELECT string_agg(user_id || ' ' || until, ', ') FROM session_auth.bans}), 'a2-banned infinity', q{better-auth's bans are known});
is($ask->(q{SELECT string_agg(DISTINCT actor, ', ') FROM session_auth.session_events WHERE event = 'session_created' AND user_id = 'u2' AND actor = 'root'}), 'root', q{and who acts in better-auth's sessions});
unlike($ask->(q{SELECT string_agg(token, ' ') FROM (VALUES ('phx-reset-token-0123456789abcdef1'), ('phx-reset-token-0123456789abcdef2')) v (token), session_auth.verify_session(token)}), qr/./, q{Phoenix's reset tokens open nothing});

$node->stop;
done_testing();
