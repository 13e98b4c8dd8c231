# The tokens and headers that the real frameworks' libraries made, with these
# libraries' own verdicts (test/vectors), through the server: keys and secrets
# as an administrator sets them up, verdicts and claims as SQL gives them. What
# pins the clock is for the unit tests. Wycheproof's tokens are not part of the
# project; where they are at hand, none of them may open anything.
# Also: test/t/web_vectors.t, test/pgtap/tokens_encrypted.sql, test/attacks/jwe.sql.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use Encode qw(decode_utf8 encode_utf8);
use IPC::Open2;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

# Refused, or accepted, against the library and on purpose; the unit tests name the same.
my %choices = (
	exp_missing => [ 0, 'exp is required' ],
	empty_token_object => [ 0, 'no subject: nobody to be' ],
	duplicate_key_last_wins => [ 0, 'duplicate names' ],
	'nextauth_v4/secret_array_not_supported' => [ 1, 'several secrets are for rotation' ],
	'express_session/empty_sid' => [ 0, 'an empty id is no session' ],
	'express_session/sid_with_dots' => [ 0, 'five characters are too few for a session\'s token' ],
	'better_auth_cookie/token_with_dots' => [ 0, 'a session\'s token has no dots' ],
	'better_auth_cookie/secure_name_to_plain_reader' => [ 1, 'the cookies of both names are looked at' ],
	long_payload_64k_unicode => [ 0, 'longer than max_token_length can be' ]);
my %left_out = (
	iron_session => 'of another payload: test/t/web_vectors.t has its cookies');

my $json = JSON::PP->new->canonical->allow_nonref;
# Some are longer than the default allows.
my $node = new_server('vectors', 'session_auth.max_token_length = 64kB');
add_extension($node);

# One psql for all: a statement in, one line of JSON out, be it a value or an error.
$node->safe_psql('postgres', q{
	CREATE FUNCTION public.attempt(statement text) RETURNS jsonb LANGUAGE plpgsql AS $$
	DECLARE
		value jsonb;
	BEGIN
		EXECUTE 'SELECT to_jsonb(x) FROM (' || statement || ') x (x)' INTO value;
		RETURN jsonb_build_object('value', value);
	EXCEPTION WHEN OTHERS THEN
		RETURN jsonb_build_object('error', SQLSTATE || ': ' || SQLERRM);
	END
	$$;
	CREATE FUNCTION public.forget() RETURNS void LANGUAGE sql AS
		'DELETE FROM session_auth.keys; DELETE FROM session_auth.authjs_secrets; DELETE FROM session_auth.cookie_secrets; DELETE FROM session_auth.sessions';
	CREATE FUNCTION public.expire_rows() RETURNS void LANGUAGE sql AS 'UPDATE session_auth.sessions SET expires_at = now()';
});
local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
my $pid = open2(my $answers, my $questions, 'psql', '--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--dbname', $node->connstr('postgres'));
binmode $_, ':encoding(UTF-8)' foreach $questions, $answers;

# Literals, as they stand in the vectors: nothing in them is to be believed.
sub literal
{
	my ($text) = @_;
	return 'NULL' unless defined $text;
	$text =~ s/([\\'])/$1$1/g;
	$text =~ s/\n/\\n/g;
	return "E'$text'";
}

# The value of a query of one column, and the error that it raised.
sub ask
{
	my ($query) = @_;
	print {$questions} 'SELECT public.attempt(' . literal($query) . ");\n" or die "psql: $!";
	$questions->flush;
	my $line = <$answers> // die 'the server has crashed, or psql ended';
	my $answer = $json->decode($line);
	return ($answer->{value}, $answer->{error} // '');
}

sub run_sql
{
	my ($query, $what) = @_;
	my ($answer, $error) = ask($query);
	is($error, '', $what) if $error;
	return $answer;
}

# The vectors of a file; a lone surrogate, which Perl cannot hold, reads as U+FFFD.
sub vectors_of
{
	my ($file) = @_;
	my $text = decode_utf8(slurp_file($file));
	$text =~ s/(?<!\\)((?:\\\\)*)\\u(?:d[89ab]..(?!\\ud[c-f]..)|(?<!\\ud[89ab]..\\u)d[c-f]..)/$1\\ufffd/gi;
	return $json->decode($text)->{vectors};
}

# Forget all keys, secrets and sessions.
sub reset_trust
{
	run_sql('SELECT public.forget()', 'a clean slate');
	return;
}

# What verify_session says of a token: accepted or not; claims are compared where there are any.
sub verdict
{
	my ($vector, $token, $claims) = @_;
	my $row = run_sql('SELECT to_jsonb(v) FROM session_auth.verify_session(' . literal($token) . ') v', "$vector->{id}: verify_session raises nothing");
	my ($user, $error) = ask('SELECT (session_auth.authenticate(' . literal($token) . ')).user_id');
	if (!defined $row)
	{
		like($error, qr/^28000: invalid or expired session token$/, "$vector->{id}: authenticate refuses in the same words");
		return 0;
	}
	is($error, '', "$vector->{id}: authenticate accepts it too");
	is($user, $row->{user_id}, "$vector->{id}: … as the same user");
	same_claims($vector, $row->{claims}, $claims) if $claims;
	return 1;
}

# Numbers as JavaScript has rounded them, and U+FFFD where jsonb can hold no NUL.
sub same_claims
{
	my ($vector, $got, $expected) = @_;
	# better-auth's cache: the token of the session behind it is not shown
	delete $_->{session}{token} foreach grep { ref $_->{session} } $got, $expected;
	is(encode_claims($got), encode_claims($expected), "$vector->{id}: claims");
	return;
}

sub encode_claims
{
	my ($value) = @_;
	if (ref $value eq 'HASH') { return '{' . join(',', map { $json->encode($_) . ':' . encode_claims($value->{$_}) } sort keys %$value) . '}'; }
	if (ref $value eq 'ARRAY') { return '[' . join(',', map { encode_claims($_) } @$value) . ']'; }
	if (defined $value && !ref $value && $value =~ /^-?[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?$/i) { return 9**9**9 == abs $value ? 'null' : sprintf('%.12g', $value); }
	if (defined $value && !ref $value)
	{
		$value =~ s/[\x{0}\x{d800}-\x{dfff}]/\x{fffd}/g;
		return $json->encode($value);
	}
	return $json->encode($value);
}

# Wycheproof's tokens, with their key set up where it can be: payloads are no
# claims, so nothing may come of them, not even of those that are well signed.
sub run_wycheproof
{
	my ($all) = @_;
	my %table;
	foreach my $vector (@$all)
	{
		reset_trust();
		run_sql(q{SELECT session_auth.add_authjs_secret('a secret, so that encrypted tokens are looked at')}, 'add_authjs_secret');
		my $row = $table{"$vector->{layer} $vector->{alg}"} //= { tokens => 0, keys => 0, refused_keys => 0 };
		if ($vector->{layer} eq 'jws')
		{
			my ($none, $error) = ask(sprintf('SELECT session_auth.add_key(%s, %s, %s)', literal($vector->{key}{kid}), literal($vector->{alg}), literal($json->encode($vector->{key}))));
			like($error, qr/^$|22023/, "$vector->{id}: a key that cannot be used is refused as an argument") if $error;
			$row->{ $error ? 'refused_keys' : 'keys' }++;
		}
		ok(!verdict($vector, $vector->{token} // '', undef), "$vector->{id}: refused ($vector->{comment})");
		$row->{tokens}++;
	}
	diag(sprintf('%-32s %8s %8s %12s', 'wycheproof.json', 'refused', 'keys', 'keys refused'));
	diag(sprintf('%-32s %8d %8d %12d', $_, @{ $table{$_} }{qw(tokens keys refused_keys)})) foreach sort keys %table;
	return;
}

# ------------------------------------------------------------------- kinds

# A signed token with the key as JWK, as PEM and as part of a set (or as a secret).
sub accept_jws
{
	my ($vector) = @_;
	my ($header) = split /\./, $vector->{token};
	my $kid = header_kid($header);
	my $options = $vector->{verify_options};
	my $audiences = defined $options->{audience} ? 'ARRAY[' . literal($options->{audience}) . ']' : q{'{}'};
	my @ways = ([ 'secret', $vector->{secret} ]);
	@ways = ([ 'JWK', $json->encode($vector->{jwk}) ], [ 'PEM', $vector->{pem} ]) if $vector->{jwk};
	my @verdicts;
	foreach my $way (@ways)
	{
		reset_trust();
		run_sql(sprintf('SELECT session_auth.add_key(%s, %s, %s, issuer => %s, audiences => %s)', literal($kid), literal($vector->{alg}), literal($way->[1]), literal($options->{issuer}), $audiences), "$vector->{id}: add_key with a $way->[0]");
		push @verdicts, verdict($vector, $vector->{token}, $vector->{claims});
	}
	if ($vector->{jwk})
	{
		my %jwk = (%{ $vector->{jwk} }, alg => $vector->{alg}, use => 'sig');
		$jwk{kid} = $kid if defined $kid;
		reset_trust();
		my $issuer = $options->{issuer} // 'https://issuer.example';
		is(run_sql(sprintf('SELECT session_auth.import_jwks(%s, %s::jsonb, %s)', literal($issuer), literal($json->encode({ keys => [ \%jwk ] })), $audiences), "$vector->{id}: import_jwks"), '1', "$vector->{id}: the set has one key");
		push @verdicts, verdict($vector, $vector->{token}, $vector->{claims});
	}
	is(scalar(grep { $_ != $verdicts[0] } @verdicts), 0, "$vector->{id}: JWK, PEM and set agree");
	return $verdicts[0];
}

# The kid of a header, if it can be read: the key gets it.
sub header_kid
{
	my ($header) = @_;
	require MIME::Base64;
	(my $base64 = $header) =~ tr{-_}{+/};
	my $decoded = eval { $json->decode(MIME::Base64::decode_base64($base64)) };
	return ref $decoded eq 'HASH' && defined $decoded->{kid} && !ref $decoded->{kid} ? $decoded->{kid} : undef;
}

# Secrets, the newest first as the libraries take them: the one added last is the newest here.
sub add_authjs_secrets
{
	my ($vector, $names) = @_;
	my $secrets = ref $vector->{secret} ? $vector->{secret} : [ $vector->{secret} ];
	reset_trust();
	foreach my $secret (reverse @$secrets)
	{
		my ($none, $error) = ask('SELECT session_auth.add_authjs_secret(' . literal($secret) . ", $names)");
		is($error, $secret eq '' ? '22023: invalid secret' : '', "$vector->{id}: add_authjs_secret") if $error;
	}
	return;
}

sub accept_jwe
{
	my ($vector) = @_;
	my $name = $vector->{kind} eq 'nextauth_v4' ? 'next-auth.session-token' : $vector->{salt};
	add_authjs_secrets($vector, $name eq '' ? q{'{authjs.session-token}'} : 'ARRAY[' . literal($name) . ']');
	return verdict($vector, $vector->{token}, $vector->{claims});
}

# A request's headers: the token that is found, and what authenticate_request makes of them.
sub accept_request
{
	my ($vector) = @_;
	my ($cookie, $authorization) = @{ $vector->{headers} }{qw(cookie authorization)};
	my $found = run_sql('SELECT session_auth.token_from_cookie(' . literal($cookie) . ')', "$vector->{id}: token_from_cookie");
	if (defined $cookie && defined $vector->{token} && $vector->{kind} !~ /^better_auth_cache/) { is($found, $vector->{token}, "$vector->{id}: the token in the cookie"); }
	my ($claims, $error) = ask('SELECT session_auth.claims() FROM session_auth.authenticate_request(' . literal($cookie) . ', ' . literal($authorization) . ')');
	if ($error)
	{
		like($error, qr/^28000: invalid or expired session token$/, "$vector->{id}: authenticate_request refuses in the same words");
		return 0;
	}
	same_claims($vector, $claims, $vector->{claims}) if $vector->{claims};
	return 1;
}

sub accept_authjs_request
{
	my ($vector) = @_;
	add_authjs_secrets($vector, 'ARRAY[' . literal($vector->{cookie_name}) . ']');
	return accept_request($vector);
}

sub add_cookie_secrets
{
	my ($vector, $kind) = @_;
	my $secrets = ref $vector->{secret} ? $vector->{secret} : [ $vector->{secret} ];
	reset_trust();
	foreach my $secret (reverse @$secrets)
	{
		run_sql("SELECT session_auth.add_cookie_secret('$kind', " . literal($secret) . ')', "$vector->{id}: add_cookie_secret");
	}
	return;
}

# The library takes a cache only beside the signed token of its session, which the vectors leave to the reader.
sub accept_cache
{
	my ($vector) = @_;
	my ($secret) = ref $vector->{secret} ? $vector->{secret}[0] : $vector->{secret};
	my $token = 'T' x 32;
	(my $name = $vector->{cookie_name}) =~ s/session_data/session_token/;
	(my $signature = encode_base64(hmac_sha256($token, encode_utf8($secret)), '')) =~ s/([+\/=])/sprintf('%%%02X', ord $1)/ge;
	add_cookie_secrets($vector, 'better-auth');
	ok(!accept_request({ %$vector, claims => undef }), "$vector->{id}: refused by itself");
	return accept_request({ %$vector, headers => { %{ $vector->{headers} }, cookie => "$vector->{headers}{cookie}; $name=$token.$signature" } });
}

# The session behind a signed cookie is registered first, unless its row is what has expired.
sub accept_signed
{
	my ($vector, $kind, $session_token, $user_id) = @_;
	add_cookie_secrets($vector, $kind);
	if (defined $session_token && length $session_token)
	{
		ask(sprintf('SELECT session_auth.create_session(%s, token => %s)', literal($user_id), literal($session_token)));
		run_sql('SELECT public.expire_rows()', 'its end') if $vector->{id} =~ /expired_row/;
	}
	return $vector->{headers} ? accept_request($vector) : verdict($vector, $vector->{cookie_value});
}

my %kinds = (
	jws => \&accept_jws, authjs_v5_a256cbc => \&accept_jwe, authjs_v5_a256gcm => \&accept_jwe, nextauth_v4 => \&accept_jwe,
	authjs_v5_request => \&accept_authjs_request, nextauth_v4_request => \&accept_authjs_request, (map { $_ => \&accept_cache } qw(better_auth_cache_jwe better_auth_cache_jwt better_auth_cache_compact)),
	better_auth_cookie => sub { return accept_signed($_[0], 'better-auth', $_[0]{session_token} // (split /\./, $_[0]{cookie_value})[0], $_[0]{user_id} // 'u-admin'); },
	express_session => sub { return accept_signed($_[0], 'express', $_[0]{session_id} // 'VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', 'u-admin'); });

# --------------------------------------------------------------- frameworks

my $vectors = vectors_of('test/vectors/frameworks.json');
my (%table, @chosen);
foreach my $vector (@$vectors)
{
	my $kind = $vector->{kind};
	my $accept = $kinds{ $kind =~ /^jws_/ ? 'jws' : $kind };
	my $row = $table{$kind} //= { accepted => 0, refused => 0, stricter => 0, choice => 0, left_out => 0 };
	$left_out{$kind} //= 'the clock is pinned: for the unit tests' unless $accept;
	if (!$accept || defined $vector->{now})
	{
		$row->{left_out}++;
		next;
	}
	my $accepted = $accept->($vector);
	my ($choice) = grep { $vector->{id} =~ m{(^|/)\Q$_\E$} } keys %choices;
	if ($vector->{lax})
	{
		$row->{stricter}++;
		ok(!$accepted, "$vector->{id}: refused, though the library is lax");
	}
	elsif (defined $choice)
	{
		$row->{choice}++;
		is($accepted, $choices{$choice}[0], "$vector->{id}: by choice: $choices{$choice}[1]");
	}
	else
	{
		my $expected = $vector->{expect} eq 'ok';
		$row->{ $expected ? 'accepted' : 'refused' }++;
		is($accepted, $expected ? 1 : 0, "$vector->{id}: " . ($expected ? 'accepted' : 'refused'));
	}
}
diag(sprintf('%-26s %8s %8s %8s %8s %8s', 'frameworks.json', 'accepted', 'refused', 'stricter', 'choice', 'left out'));
foreach my $kind (sort keys %table)
{
	diag(sprintf('%-26s %8d %8d %8d %8d %8d', $kind, @{ $table{$kind} }{qw(accepted refused stricter choice left_out)}));
}
diag('stricter: marked lax, the library accepts them; choice: named in this file with the reason');
diag("left out: $_: $left_out{$_}") foreach sort keys %left_out;
diag('left out of the other kinds: verdicts of another time, for the unit tests');

# --------------------------------------------------------------- Wycheproof

my $wycheproof = ($ENV{SESSION_AUTH_VECTORS} // '../shared/vectors') . '/wycheproof.json';
SKIP:
{
	if (!-r $wycheproof)
	{
		diag('left out: wycheproof.json is not here (SESSION_AUTH_VECTORS names its directory)');
		skip('wycheproof.json is not here: all its vectors are left out', 1);
	}
	run_wycheproof(vectors_of($wycheproof));
}

close $questions;
close $answers;
waitpid $pid, 0;
is($?, 0, 'the connection lasted to the end');
$node->stop;
done_testing();
