# The key that both ends of a connection agree on, for identities that are carried over, is worth
# what the signature was by which they did, and no more: one seal for one challenge, in this connection, as long as no
# key has changed on either side. This test speaks the far side's language by itself: X25519, HKDF and HS256.
# Siblings: test/attacks/carried_identities.t, test/t/nodes.t, test/unit/crypto_test.c.
# Guards: src/verify/connection_key.c, connection_key_is_agreed(), connection_key_agree(), connection_key_prove(); src/remote/agreed_key.c, agreed_key_for();
# src/verify/verify.c, verify_by_connection_key().
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64url decode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my %server = map { $_ => new_server($_, 'log_statement = all', 'session_auth.clock_skew = 0') } qw(near b c);
my ($private, $public) = nodes_key_pair();
my $near = $server{near};
nodes_connect($near, $private, $public, b => $server{b}, c => $server{c});
my $dir = PostgreSQL::Test::Utils::tempdir();

sub on { my ($name, $statement) = @_; return $server{$name}->safe_psql('postgres', $statement); }

# ------------------------------------------------------------------ the far side's language
sub write_new { my ($name, $bytes) = @_; unlink "$dir/$name"; append_to_file("$dir/$name", $bytes); return "$dir/$name"; }

# The contents of a seal for a challenge; what is given last stands in the place of what it would say.
sub claims
{
	my ($for, %other) = @_;
	my $now = time;
	my %claims = (iat => $now, exp => $now + 30, jti => '"x"', iss => '"near"', aud => '"b"', challenge => qq{"$for"},
		sub => '"alice"', roles => '["OWNER"]', ends => $now + 600, %other);
	return '{' . join(',', map { qq{"$_":$claims{$_}} } sort keys %claims) . '}';
}

sub header { my ($alg, $kid) = @_; return encode_base64url(qq{{"alg":"$alg","typ":"seal+jwt","crit":["session_auth_seal"],"session_auth_seal":true$kid}}); }

sub signed { return nodes_sign($private, header('EdDSA', ',"kid":"sealing"') . '.' . encode_base64url(claims(@_))); }

sub sealed { my ($key, @claims) = @_; my $text = header('HS256', '') . '.' . encode_base64url(claims(@claims)); return $text . '.' . encode_base64url(hmac_sha256($text, $key)); }

sub is_offer { return length $_[0] == 43; }

# Our answer to an offer, and the key that follows.
sub agree
{
	my ($offer) = @_;
	return ('', '') unless is_offer($offer);
	system_or_bail('openssl', 'genpkey', '-algorithm', 'X25519', '-out', "$dir/own");
	system_or_bail('openssl', 'pkey', '-in', "$dir/own", '-pubout', '-outform', 'DER', '-out', "$dir/own.pub");
	my $answer = encode_base64url(substr slurp_file("$dir/own.pub"), -32);
	my $peer = write_new('peer', pack('H*', '302a300506032b656e032100') . decode_base64url($offer));
	system_or_bail('openssl', 'pkeyutl', '-derive', '-inkey', "$dir/own", '-peerform', 'DER', '-peerkey', $peer, '-out', "$dir/secret");
	return ($answer, hmac_sha256("session_auth connection key $offer $answer\x01", hmac_sha256(slurp_file("$dir/secret"), '')));
}

sub client { return $server{b}->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username' => 'app' ]); }
my $far = client();

sub says
{
	my ($statement, $by) = @_;
	my $client = $by // $far;
	my $rows = $client->query($statement);
	my $error = $client->{stderr} =~ /ERROR: +(.*)/ ? $1 : '';
	$client->{stderr} = '';
	return $error || $rows;
}
sub carries { my ($seal, $by) = @_; return says("UPDATE session_auth_nodes.carried_identity SET seal = '$seal' RETURNING accepted", $by); }
sub asked { my ($by) = @_; return says(q{UPDATE session_auth_nodes.carried_identity SET seal = '' RETURNING challenge}, $by); }
my $refused = 'the identity that another server carries over is refused';

sub agreed
{
	my ($name) = @_;
	my $offer = asked();
	my ($answer, $key) = agree($offer);
	is(carries(signed($offer, epk => qq{"$answer"})), 't', "$name: what is signed for the offer is taken, and agrees on a key");
	return $key;
}

# --------------------------------------------------------------------- one seal, one challenge
ok(is_offer(asked()), 'the first challenge is an offer');
my $key = agreed('here');
ok(!is_offer(asked()), 'it offers nothing more');
my $seal = sealed($key, asked());
says('BEGIN');
is(carries($seal), 't', 'the key proves a seal');
is(says('SELECT session_auth.user_id()'), 'alice', '… and who it is');
says('COMMIT');
is(says('SELECT session_auth.is_authenticated()'), 'f', '… to the end of the transaction');
is(carries($seal), 'f', 'once');
is(carries(sealed($key, 'AAAAAAAAAAAAAAAAAAAAAA')), 'f', 'for the challenge alone');
is(carries(sealed($key, asked(), aud => '"c"')), $refused, 'for this server alone');
is(carries(sealed($key, asked(), iss => '"else"')), $refused, 'from the signer alone');
is(carries(sealed($key, asked(), iat => time - 60, exp => time - 30)), $refused, 'for its seconds');
is(carries(sealed($key, asked(), iat => time + 60, exp => time + 90)), $refused, '… and not before');
on('b', q{SELECT session_auth.expire_user_sessions('alice')});
is(carries(sealed($key, asked(), auth_time => time - 60)), $refused, 'not for a user who was logged out here since');
on('b', 'TRUNCATE session_auth.user_revocations');
is(carries(sealed($key, asked())), 't', 'and again, for the next');

# -------------------------------------------------------------------------- nobody else's
my $other = client();
ok(is_offer(asked($other)), 'another connection has agreed on nothing');
is(carries(sealed($key, asked($other)), $other), 'f', 'the key proves nothing there');
my ($answer) = agree(asked($other));
is(carries(signed(asked(), epk => qq{"$answer"}), $other), 'f', 'nor does a signature for this one');
is(carries(signed(asked($other), epk => '"' . encode_base64url("\0" x 32) . '"'), $other), 't', 'an answer that makes no key (of small order) is none');
ok(is_offer(asked($other)), '… and the offer is made anew');
is(carries(sealed("\0" x 32, asked($other)), $other), 'f', '… nor does a key of nothing do');
$other->quit;
is(says("BEGIN; SELECT FROM session_auth.authenticate('" . sealed($key, asked()) . "')"), 'invalid or expired session token', 'authenticate takes none of it');
says('ROLLBACK');

# ------------------------------------------------------------------------------ when it ends
is(carries(sealed($key, asked()) =~ s/.{9}$/AAAAAAAAA/r), 'f', 'a wrong MAC');
ok(is_offer(asked()), '… ends what was agreed on');
is(carries(sealed($key, asked())), 'f', '… for good');
$key = agreed('again');
is(carries(signed(asked())), 't', 'what is signed for a challenge that is no offer');
ok(is_offer(asked()), '… ends it as well');
is(carries(sealed($key, asked())), 'f', '… and it proves nothing more');
$key = agreed('before a change of keys');
on('b', q{SELECT session_auth.add_key('other', 'HS256', repeat('secret', 8), 'else')});
is(carries(sealed($key, asked())), 'f', 'any change of keys ends it');
ok(is_offer(asked()), '… and it is to be signed again');
$key = agreed('before the key is dropped');
on('b', q{SELECT session_auth.drop_key('sealing', 'near')});
is(carries(sealed($key, asked())), 'f', 'a key that is not trusted any more proves nothing by what was agreed on with it');
is(carries(signed(asked())), $refused, '… nor by a signature');
on('b', qq{SELECT session_auth.add_key('sealing', 'EdDSA', \$\$$public\$\$, 'near', seals => true)});
$far->quit;

# ------------------------------------------------------------------- from PostgreSQL's own side
on('b', q{CREATE TABLE item (id integer, owner text);
	INSERT INTO item SELECT n, CASE WHEN n % 2 = 0 THEN 'alice' ELSE 'bob' END FROM generate_series(1, 20) n;
	SELECT session_auth.protect_table('item', owner_column => 'owner');
	GRANT SELECT ON item TO app;
	SELECT session_auth.import_permissions('{"OWNER": ["*:item"]}')});
on('near', q{CREATE FOREIGN TABLE item (id integer, owner text) SERVER b; GRANT SELECT ON item TO app;
	SELECT session_auth.import_permissions('{"OWNER": ["*:item"]}');
	SELECT session_auth.grant_role('alice', 'OWNER')});
my $token = on('near', q{SELECT token FROM session_auth.create_session('alice')});
my $pool = $near->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username' => 'app' ]);

sub counts
{
	my $mark = -s $server{b}->logfile;
	says("BEGIN; SELECT FROM session_auth.authenticate('$token')", $pool);
	my $said = says('SELECT count(*) FROM item', $pool);
	says('COMMIT', $pool);
	my @algs = map { decode_base64url($_) =~ /"alg":"(\w+)"/ ? $1 : () } slurp_file($server{b}->logfile, $mark) =~ /[Pp]arameters: \$1 = '(eyJ[^.']+)\./g;
	return join ' ', $said, @algs;
}
is(counts(), '10 EdDSA', 'the first is signed');
my $mark = -s $server{b}->logfile;
is(counts(), '10 HS256', 'the next are not');
my ($carried) = slurp_file($server{b}->logfile, $mark) =~ /[Pp]arameters: \$1 = '(eyJ[^']+)'/;
$far = client();
is(carries($carried), 'f', 'what a log shows of one is taken by no other connection');
is(says("BEGIN; SELECT FROM session_auth.authenticate('$carried')"), 'invalid or expired session token', 'nor by authenticate');
$far->quit;
on('b', q{SELECT session_auth.drop_key('other', 'else')});
is(counts(), '10 HS256 EdDSA', 'a change of keys there has it signed again');
is(counts(), '10 HS256', '… once');
on('near', q{SELECT session_auth.add_key('unused', 'HS256', repeat('secret', 8), 'else')});
is(counts(), '10 EdDSA', 'so has one here');
is(counts(), '10 EdDSA', '… and once more, as what was there was agreed on before');
is(counts(), '10 HS256', '… and then no more');
on('b', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postgres_fdw'});
$server{b}->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'postgres_fdw')});
is(counts(), '10 HS256 EdDSA', 'a connection that was lost agrees anew');
is(counts(), '10 HS256', '… once');
on('near', q{SELECT session_auth.drop_key('sealing', 'near')});
like(counts(), qr/^no active private key/, 'without its key the near side seals nothing, whatever was agreed on');
$pool->quit;
done_testing();
