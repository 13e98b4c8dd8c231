# Key sets and those who run the application: which keys of a set were passed over, by their
# kid; that a token came whose key is not here, in the log and in a counter, and not to its caller;
# and which keys a table of roles changes.
# Also: test/pgtap/key_sets.sql.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64 qw(encode_base64url decode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('key_sets', "shared_preload_libraries = 'session_auth'", 'session_auth.purge_interval = 0', 'session_auth.log_denials = on');
add_extension($node);
my $json = JSON::PP->new->canonical->ascii;
my $issuer = 'https://i.example';

# a pair as JWKs, private and public (RFC 8037)
sub pair
{
	my ($kid) = @_;
	my ($private, $public) = map { decode_base64(s/-----[^-]*-----//gr) } nodes_key_pair();
	my %jwk = (kty => 'OKP', crv => 'Ed25519', kid => $kid, x => encode_base64url(substr($public, -32)));
	return ({ %jwk, d => encode_base64url(substr($private, -32)) }, \%jwk);
}
sub import_of
{
	my ($set) = @_;
	my ($status, $out, $err) = $node->psql('postgres', q{SELECT session_auth.import_jwks(:'issuer', :'jwks')},
		extra_params => [ '--set' => "issuer=$issuer", '--set' => 'jwks=' . $json->encode($set) ]);
	return ($out, $err);
}

# --- what is passed over is named, with nothing of what is in it

my ($private, $exposed) = pair('leaked');
my (undef, $good) = pair('good');
my $secret = encode_base64url('k' x 32);
my ($out, $err) = import_of({ keys => [ { kty => 'oct', kid => 'shared', alg => 'HS256', k => $secret }, $private, $good, { kty => 'EC', crv => 'P-256', kid => 'half', x => 'AAAA' }, { kty => 'oct', k => $secret } ] });
is($out, '1', 'the one good key of a set is in force');
my @warned = $err =~ /WARNING:  (.*)\nDETAIL:  (.*)\n?/g;
my $secret_key = 'It is a secret or a private key, and a set is for public ones.';
is_deeply([ @warned[0 .. 3] ], [ 'key "shared" of the set was passed over', $secret_key, 'key "leaked" of the set was passed over', $secret_key ], 'a secret and a private key are named');
is($warned[4], 'key "half" of the set was passed over', '… as is what cannot be used');
is_deeply([ @warned[6 .. $#warned] ], [ 'a key without kid of the set was passed over', $secret_key ], '… and one without kid is told');
unlike($err, qr/\Q$secret\E|\Q$private->{d}\E|\Q$good->{x}\E/, 'nothing of a key is in what is said');
($out, $err) = import_of({ keys => [ { %$exposed, kid => 'other' }, $private, $good ] });
like($err, qr/WARNING:  key "other" of the set was passed over\nDETAIL:  Its private key is in the set, too\./, 'a public key whose private key everybody has');
is($node->safe_psql('postgres', q{SELECT string_agg(kid, ' ') FROM session_auth.list_keys()}), 'good', 'the good one stays');

# --- a token whose key is not here

sub token_of
{
	my (%header) = @_;
	return join '.', map { encode_base64url($_) } $json->encode({ alg => 'EdDSA', %header }), $json->encode({ sub => 'alice', iss => $issuer, exp => time + 600 }), 's' x 64;
}
my $counted = sub { return $node->safe_psql('postgres', q{SELECT coalesce((refused_by_reason ->> 'unknown_key')::int, 0) FROM session_auth.statistics}) };
is($counted->(), '0', 'no such token has come yet');
foreach ([ 'a kid', { kid => 'rotated-2' }, 'unknown_kid: "rotated-2", for EdDSA.' ], [ 'a kid that is not plain', { kid => "a\nb\x{7f}" }, 'unknown_kid: "a?b?", for EdDSA.' ], [ 'a long kid', { kid => 'k' x 255 }, 'unknown_kid: "' . 'k' x 64 . '", for EdDSA.' ])
{
	my ($what, $header, $detail) = @$_;
	my $before = $counted->();
	my $offset = -s $node->logfile;
	my ($status, $stdout, $stderr) = $node->psql('postgres', sprintf(q{SELECT session_auth.authenticate('%s')}, token_of(%$header)), extra_params => [ '--username', 'app' ]);
	like($stderr, qr/ERROR:  invalid or expired session token$/m, "$what: refused in the words of all");
	unlike($stderr, qr/unknown_kid|DETAIL/, '… which say no more to the caller');
	$node->wait_for_log(qr/DETAIL:  [^\n]*\Q$detail\E$/m, $offset);
	pass('… the log says it');
	is($counted->(), $before + 1, '… and it is counted');
	$offset = -s $node->logfile;
	is($node->safe_psql('postgres', sprintf(q{SELECT count(*) FROM session_auth.verify_session('%s')}, token_of(%$header)), extra_params => [ '--username', 'app' ]), '0', '… verify_session has no row of it');
	$node->wait_for_log(qr/LOG:  session token refused\n[^\n]*DETAIL:  [^\n]*\Q$detail\E$/m, $offset);
	is($counted->(), $before + 2, '… and logs and counts it too');
}
my $before = $counted->();
my $offset = -s $node->logfile;
$node->psql('postgres', sprintf(q{SELECT session_auth.authenticate('%s')}, token_of(kid => 'good')));
is($counted->(), $before, 'a bad signature of a key that is here is another reason');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile, $offset), qr/unknown_kid/, '… in the log, too');

# --- a table of roles comes: the keys are named whose tokens lose their say

$node->safe_psql('postgres', q{CREATE TABLE users (id text PRIMARY KEY, role text); CREATE TABLE others (LIKE users INCLUDING ALL)});
my $adopt = sub { my (undef, undef, $said) = $node->psql('postgres', "SELECT session_auth.adopt_roles('$_[0]', 'id', 'role')"); return $said };
like($adopt->('users'), qr/NOTICE:  roles that tokens name do not count any more: table public\.users says who has which\nDETAIL:  This concerns: key "good" of issuer "https:\/\/i\.example"\.\nHINT:  .*role_source/, 'adopt_roles says which keys it changes');
unlike($adopt->('others'), qr/NOTICE/, '… the first time');

$node->stop;
done_testing();
