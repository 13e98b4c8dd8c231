# Signed tokens between the server and the openssl command line, in both
# directions; keys and tokens taken back under other connections; what the log
# and dumps show of keys, secrets and tokens.
# Also: test/pgtap/keys.sql, test/attacks/jwt.sql.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use JSON::PP;
use MIME::Base64 qw(encode_base64url decode_base64url decode_base64);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('jwt', 'log_statement = none', 'log_min_error_statement = error', 'session_auth.log_denials = on', 'autovacuum = off');
add_extension($node);
my $dir = PostgreSQL::Test::Utils::tempdir();
my $json = JSON::PP->new->utf8->canonical;

sub ask
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', $sql);
}

sub openssl
{
	my (@arguments) = @_;
	my ($output, $errors) = ('', '');
	IPC::Run::run([ 'openssl', @arguments ], '>', \$output, '2>', \$errors) or die "openssl @arguments: $errors";
	return $output;
}

# ------------------------------------------------- tokens signed with openssl

my %make = (
	RSA => [ 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048' ], P256 => [ 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256' ], P384 => [ 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384' ],
	P521 => [ 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521' ], Ed25519 => [ 'genpkey', '-algorithm', 'ED25519' ], other => [ 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048' ]);
my (%private, %public);
foreach my $name (sort keys %make)
{
	$private{$name} = openssl(@{ $make{$name} });
	append_to_file("$dir/$name.pem", $private{$name});
	$public{$name} = openssl('pkey', '-in', "$dir/$name.pem", '-pubout');
	append_to_file("$dir/$name.pub", $public{$name});
}

# A DER signature of ECDSA as the two numbers that JWS wants, and back.
sub der_to_raw
{
	my ($der, $len) = @_;
	my ($body) = $der =~ /^\x30(?:[\x00-\x7f]|\x81.)(.*)$/s or die 'no DER';
	my ($raw, $at) = ('', 0);
	while ($at < length $body)
	{
		my $number_len = ord substr($body, $at + 1, 1);
		my $number = substr($body, $at + 2, $number_len) =~ s/^\x00+//r;
		$raw .= ("\x00" x ($len - length $number)) . $number;
		$at += 2 + $number_len;
	}
	return $raw;
}

sub raw_to_der
{
	my ($raw) = @_;
	my $half = length($raw) / 2;
	my $body = '';
	foreach my $number (unpack "a${half}a${half}", $raw)
	{
		$number =~ s/^\x00+(?=.)//s;
		$number = "\x00$number" if ord($number) >= 0x80;
		$body .= "\x02" . chr(length $number) . $number;
	}
	return "\x30" . chr(length $body) . $body;
}

sub sign
{
	my ($how, $key, $input, @options) = @_;
	my $file = "$dir/input";
	unlink $file;
	append_to_file($file, $input);
	return openssl('pkeyutl', '-sign', '-rawin', '-inkey', "$dir/$key.pem", '-in', $file) if $how eq 'EdDSA';
	return openssl('dgst', "-$how", '-sign', "$dir/$key.pem", @options, $file);
}

sub pss
{
	my ($salt) = @_;
	return ('-sigopt', 'rsa_padding_mode:pss', '-sigopt', "rsa_pss_saltlen:$salt");
}

# A token of user alice; $sign gets the text that is to be signed.
sub token
{
	my ($header, $claims, $sign) = @_;
	my $input = join '.', map { encode_base64url($json->encode($_)) } $header, { sub => 'alice', exp => time + 3600, %$claims };
	return $input . '.' . encode_base64url($sign->($input));
}

my %algorithms = (
	RS256 => [ 'RSA', sub { sign('sha256', 'RSA', $_[0]) } ], RS384 => [ 'RSA', sub { sign('sha384', 'RSA', $_[0]) } ], RS512 => [ 'RSA', sub { sign('sha512', 'RSA', $_[0]) } ],
	PS256 => [ 'RSA', sub { sign('sha256', 'RSA', $_[0], pss(32)) } ], PS384 => [ 'RSA', sub { sign('sha384', 'RSA', $_[0], pss(48)) } ], PS512 => [ 'RSA', sub { sign('sha512', 'RSA', $_[0], pss(64)) } ],
	ES256 => [ 'P256', sub { der_to_raw(sign('sha256', 'P256', $_[0]), 32) } ], ES384 => [ 'P384', sub { der_to_raw(sign('sha384', 'P384', $_[0]), 48) } ], ES512 => [ 'P521', sub { der_to_raw(sign('sha512', 'P521', $_[0]), 66) } ],
	EdDSA => [ 'Ed25519', sub { sign('EdDSA', 'Ed25519', $_[0]) } ]);
foreach my $alg (sort keys %algorithms)
{
	ask("SELECT session_auth.add_key('$alg', '$alg', '$public{$algorithms{$alg}[0]}', 'https://issuer.example')");
}

sub verified
{
	my ($token) = @_;
	return ask("SELECT user_id || ' ' || (claims ->> 'n') FROM session_auth.verify_session('$token')");
}

sub jwt
{
	my ($alg, $claims, $sign, $header) = @_;
	return token({ alg => $alg, kid => $alg, %{ $header // {} } }, { iss => 'https://issuer.example', n => 1, %{ $claims // {} } }, $sign // $algorithms{$alg}[1]);
}

foreach my $alg (sort keys %algorithms)
{
	my $token = jwt($alg);
	is(verified($token), 'alice 1', "$alg: signed with openssl, verified here");
	(my $changed = $token) =~ s/\.([^.]*)\./'.' . encode_base64url(decode_base64url($1) =~ s{alice}{malice}r) . '.'/e;
	is(verified($changed), '', "$alg: not with another payload");
	is(verified(jwt($alg, {}, sub { substr($algorithms{$alg}[1]->($_[0]), 0, -1) })), '', "$alg: a signature that is too short");
	is(verified(jwt($alg, {}, sub { $algorithms{$alg}[1]->($_[0]) . "\x00" })), '', "$alg: … too long");
	is(verified(jwt($alg, {}, sub { scalar reverse $algorithms{$alg}[1]->($_[0]) })), '', "$alg: … reversed");
	is(verified(jwt($alg, {}, undef, { alg => 'none' })), '', "$alg: with none in the header");
	foreach my $other (grep { $_ ne $alg } sort keys %algorithms)
	{
		is(verified(jwt($alg, {}, undef, { alg => $other })), '', "$alg: with $other in the header, and the kid of $alg") if $other =~ /256/;
	}
}
is(verified(jwt('RS256', {}, sub { sign('sha256', 'other', $_[0]) })), '', 'RS256 by another key');
is(verified(jwt('RS256', {}, sub { sign('sha256', 'RSA', $_[0], pss(32)) })), '', 'PSS as RS256');
is(verified(jwt('PS256', {}, sub { sign('sha256', 'RSA', $_[0]) })), '', 'PKCS#1 as PS256');
is(verified(jwt('PS256', {}, sub { sign('sha256', 'RSA', $_[0], pss(20)) })), '', 'PS256 with a salt of 20 bytes');
is(verified(jwt('PS256', {}, sub { sign('sha256', 'RSA', $_[0], pss(0)) })), '', '… of none');
is(verified(jwt('PS256', {}, sub { sign('sha256', 'RSA', $_[0], pss(222)) })), '', '… of as many as fit');
is(verified(jwt('ES256', {}, sub { sign('sha256', 'P256', $_[0]) })), '', 'ES256 in DER');
is(verified(jwt('ES256', {}, sub { der_to_raw(sign('sha384', 'P256', $_[0]), 32) })), '', 'ES256 over another hash');
foreach my $key (sort keys %public)
{
	foreach my $secret ($public{$key}, $public{$key} =~ s/\n//gr, join('', split(/\n/, $public{$key} =~ s/-----.*?-----//gr)))
	{
		is(verified(jwt('RS256', {}, sub { hmac_sha256($_[0], $secret) }, { alg => 'HS256' })), '', "HS256 with the bytes of the public key $key");
	}
}

# -------------------------------------------- tokens that the server has issued

foreach my $alg (qw(RS256 PS256 ES256 EdDSA))
{
	my $key = $algorithms{$alg}[0];
	ask("SELECT session_auth.add_key('issue $alg', '$alg', '$private{$key}', 'https://us.example')");
	my $token = ask(qq{SELECT session_auth.issue_token('bob', '5 min', '{"n": 2}', 'issue $alg')});
	is(verified($token), 'bob 2', "$alg: issued and verified here");
	my ($input, $signature) = $token =~ /^(.*)\.([^.]*)$/;
	$signature = decode_base64url($signature);
	$signature = raw_to_der($signature) if $alg eq 'ES256';
	unlink "$dir/input", "$dir/signature";
	append_to_file("$dir/input", $input);
	append_to_file("$dir/signature", $signature);
	my @verify = $alg eq 'EdDSA' ? ('pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', "$dir/$key.pub", '-in', "$dir/input", '-sigfile', "$dir/signature") : ('dgst', '-sha256', '-verify', "$dir/$key.pub", '-signature', "$dir/signature", ($alg eq 'PS256' ? pss(32) : ()), "$dir/input");
	like(openssl(@verify), qr/verified/i, "$alg: … and by openssl");
}
my $hs_secret = 'a secret of the services behind the application';
ask("SELECT session_auth.add_key('issue HS256', 'HS256', '$hs_secret', 'https://us.example')");
my $issued = ask(q{SELECT session_auth.issue_token('bob', '5 min', '{"n": 3}', 'issue HS256')});
my ($input, $signature) = $issued =~ /^(.*)\.([^.]*)$/;
is($signature, encode_base64url(hmac_sha256($input, $hs_secret)), 'HS256: the signature is HMAC-SHA256');

# ------------------------------------------------------- under other connections

# A backend that has seen the token, in three situations; something else takes it back.
sub taken_back
{
	my ($what, $claims, $take, $give_back) = @_;
	my $token = jwt('RS256', $claims);
	my $who = 'SELECT coalesce(session_auth.user_id(), \'nobody\')';
	my $verify = "SELECT count(*) FROM session_auth.verify_session('$token')";
	my ($warm, $reading, $holding) = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 3;
	is($warm->query($verify), '1', "$what: a backend has seen the token");
	is($reading->query("BEGIN ISOLATION LEVEL REPEATABLE READ; $verify"), '1', '… another in REPEATABLE READ');
	$holding->query("SET client_min_messages = warning; SELECT session_auth.authenticate('$token', 'connection')");
	is($holding->query($who), $claims->{sub} // 'alice', '… a third holds its identity');
	ask($take);
	is($warm->query($verify), '0', '… it is refused where it was seen');
	is($reading->query($verify), '0', '… and in the older snapshot');
	is($holding->query($who), 'nobody', '… and no longer held');
	$reading->query('ROLLBACK');
	if ($give_back)
	{
		ask($give_back);
		is($warm->query($verify), '1', '… what is put back works again');
	}
	$_->quit foreach $warm, $reading, $holding;
	return;
}

my $add = "SELECT session_auth.add_key('RS256', 'RS256', '$public{RSA}', 'https://issuer.example')";
taken_back('revoke_token', { jti => 'r1' }, q{SELECT session_auth.revoke_token('r1')});
taken_back('revoke_token of an issuer', { jti => 'r2' }, q{SELECT session_auth.revoke_token('r2', 'https://issuer.example')});
taken_back('expire_user_sessions', { sub => 'erin', iat => time - 60 }, q{SELECT session_auth.expire_user_sessions('erin')});
taken_back('sign_out global', { sub => 'frank', iat => time - 60, jti => 's1' }, q{BEGIN; SELECT session_auth.impersonate('frank'); SELECT session_auth.sign_out('global'); COMMIT});
taken_back('drop_key', {}, q{SELECT session_auth.drop_key('RS256', 'https://issuer.example')}, $add);
taken_back('disable_key', {}, q{SELECT session_auth.disable_key('RS256', 'https://issuer.example')}, "SELECT session_auth.drop_key('RS256', 'https://issuer.example'); $add");
taken_back('replication', {}, q{BEGIN; SET session_replication_role = replica; DELETE FROM session_auth.keys; COMMIT}, $add);

# ---------------------------------------------------------------- dumps and log

ask('TRUNCATE session_auth.keys CASCADE');
ask($add);
ask("SELECT session_auth.add_key('private', 'ES256', '$private{P256}', 'https://us.example')");
ask("SELECT session_auth.add_key('secret', 'HS256', '$hs_secret')");
ask(q{SELECT session_auth.add_authjs_secret('the secret of the application')});
ask(q{SELECT session_auth.add_cookie_secret('express', 'the secret of the sessions')});
ask(q{SELECT session_auth.revoke_token('dumped')});
my $token = jwt('RS256');
my $ours = ask(q{SELECT session_auth.issue_token('alice', '1 hour', '{"n": 4}', 'private')});
my @private_lines = grep { !/-----/ } map { split /\n/ } $private{P256}, $private{RSA};
foreach my $format (qw(plain custom))
{
	my $file = "$dir/$format.dump";
	$node->command_ok([ 'pg_dump', "--format=$format", '--compress=0', "--file=$file", 'postgres' ], "$format: pg_dump");
	my $dump = slurp_file($file);
	foreach my $line (grep { !/-----/ } split /\n/, $public{RSA})
	{
		like($dump, qr/\Q$line\E/, "$format: the public key is in it") or last;
	}
	unlike($dump, qr/PRIVATE KEY/, "$format: no private key is");
	unlike($dump, qr/\Q$_\E/, "$format: no line of one") foreach @private_lines[0 .. 2];
	unlike($dump, qr/\Q$_\E/, "$format: no secret") foreach $hs_secret, 'the secret of the application', 'the secret of the sessions';
	ask("CREATE DATABASE $format");
	my @restore = $format eq 'plain' ? ('psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', "--file=$file", $format) : ('pg_restore', '--exit-on-error', "--dbname=$format", $file);
	$node->command_ok(\@restore, "$format: restored");
	my $there = sub { return $node->safe_psql($format, $_[0]) };
	is($there->("SELECT user_id FROM session_auth.verify_session('$token')"), 'alice', "$format: the restored public key verifies");
	is($there->("SELECT user_id FROM session_auth.verify_session('$ours')"), 'alice', "$format: so does the public half of a private one");
	is($there->('SELECT string_agg(kid, \' \' ORDER BY kid) FROM session_auth.list_keys()'), 'RS256 private', "$format: secrets are gone from the list");
	my ($status, $out, $err) = $node->psql($format, q{SELECT session_auth.issue_token('alice', '5 min')});
	like($err, qr/no active private key/, "$format: nothing can be signed there");
	is($there->("SELECT session_auth.add_key('new', 'HS256', '$hs_secret'); SELECT count(*) FROM session_auth.list_keys()"), "\n3", "$format: keys are numbered on");
}

# Errors around keys and tokens leave neither in the server's log.
my $log_from = -s $node->logfile;
$node->psql('postgres', $_, on_error_stop => 0) foreach (
	"SELECT session_auth.add_key('n', 'HS512', 'first secret to leak, and it is too short')",
	"SELECT session_auth.authenticate('$token.x')", "SELECT session_auth.verify_session('$token.x')", "SELECT session_auth.authenticate_request('session=$token.x', NULL)",
	"BEGIN; SET LOCAL request.cookies = '{\"session\": \"$token.x\"}'; SELECT session_auth.pre_request()");
my $log = slurp_file($node->logfile, $log_from);
unlike($log, qr/first secret to leak/, 'the log has no secret that was refused');
unlike($log, qr/\Q$token\E/, '… and no token');
like($log, qr/The token has the form of no known kind/, '… but the reason');
$node->psql('postgres', "SELECT session_auth.add_key('secret', 'HS256', 'second secret to leak, which is long enough')", on_error_stop => 0);
unlike(slurp_file($node->logfile, $log_from), qr/second secret to leak/, '… nor a secret whose kid exists already');

$node->stop;
done_testing();
