# Attack: no token, but a library that fails: whoever reads the log looks for a forger where
# memory or OpenSSL has gone wrong.
# Holds: a good token is refused then, and the log says that the library failed and nothing
# of its signature. Guards: src/pure/crypto_sign.c, crypto_verify();
# src/pure/framework_proof.c, framework_check_mac(). Also: test/t/faults.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Faults;

my $node = node_with_faults('failing_openssl');
my $mark = -s $node->logfile;
my $tells = $node->background_psql('postgres');
$tells->set_query_timer_restart();
$tells->query_safe('SET session_auth.log_denials = on; SET client_min_messages = error');
my $failures = 0;
foreach my $name (qw(express better-auth lucia HS256))
{
	for (my $n = 1; ; $n++)
	{
		my ($answer, $fault) = split /\|/, $tells->query_safe("SELECT answer, fault FROM answer('app', \$\$SELECT count(*) FROM session_auth.verify_session(token('$name'))\$\$, 'crypto', $n)");
		last if $fault ne 't';
		$failures++ if $answer eq '0';
	}
	is($tells->query_safe("SELECT count(*) FROM session_auth.verify_session(token('$name'))"), '1', "$name: a good token");
}
# what decrypts is derived when it is loaded; another token each time, as one is proved once
my $sealed = q{jwe(base64url('{"alg":"dir","enc":"A256CBC-HS512"}'), '{"sub": "alice", "exp": 4102444800}', content_key(hmac('a secret of Auth.js', 'authjs.session-token', 'sha256'), 'Auth.js Generated Encryption Key (authjs.session-token)'), gen_random_bytes(16))};
is($tells->query_safe("SELECT count(*) FROM session_auth.verify_session($sealed)"), '1', 'an encrypted token');
for (my $n = 1; ; $n++)
{
	my ($token) = $tells->query_safe("SELECT $sealed");
	my ($came) = $tells->query_safe("SELECT fault_arm('crypto', $n); SELECT count(*) FROM session_auth.verify_session('$token'); SELECT fault_came()") =~ /(\w)\s*\z/;
	last if $came ne 't';
	$failures++;
}
$tells->quit;
my @reasons = substr(slurp_file($node->logfile), $mark) =~ /session token refused\n.*?DETAIL:  (.*)\n/g;
cmp_ok($failures, '>', 10, "$failures failures refused a good token");
# A key or secret that could not be made ready is away for some seconds, as is one whose file is away.
my $away = qr/No trusted key fits the token|No key or secret is set up for tokens of this kind|The token belongs to no session/;
cmp_ok(scalar(grep { /^$away\./ } @reasons), '<=', 4, 'few tokens meet a key that is away');
# the last step of a decryption is where a wrong padding or tag is found
is(join(' ', grep { !/^(?:The cryptographic library failed|$away)\./ } @reasons), 'The signature does not match.', 'the log says that the library failed');
$node->stop;
done_testing();
