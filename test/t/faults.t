# Every call of the extension that can fail does, once: memory runs out, OpenSSL
# fails, a cancel comes. What must hold: an error of that kind or none, nothing
# half done, the same identity as before, and the same answer when it is asked again.
#
# test/faults/faults.c counts the calls, in a build of the extension of its own;
# here each statement is tried with its first call failing, its second, and so on.
use strict;
use warnings;
use Cwd qw(abs_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use EveryFunction;
use Faults;

my $dir = abs_path(PostgreSQL::Test::Utils::tempdir());
my $node = node_with_faults('faults');

$node->safe_psql('postgres', <<'SQL');
-- One line about a statement: how many calls failed, with which errors, and what was wrong.
CREATE FUNCTION try(who text, statement text, kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  plain record := answer(who, statement, kind, 0);
  tried record;
  identity text := session_auth.user_id();
  codes text[] := '{}';
  wrong text := '';
  n bigint := 0;
BEGIN
  IF plain.code <> 'none' THEN RETURN 'it fails by itself: ' || plain.code; END IF;
  LOOP
    tried := answer(who, statement, kind, n + 1);
    EXIT WHEN NOT tried.fault;
    n := n + 1;
    codes := codes || tried.code;
    -- a token that could not be verified for want of OpenSSL is no good token
    IF tried.code = 'none' AND tried.answer IS DISTINCT FROM plain.answer AND NOT (kind = 'crypto' AND tried.answer IS NULL) THEN
      wrong := wrong || format(' fault %s: %s instead of %s;', n, tried.answer, plain.answer);
    END IF;
    IF session_auth.user_id() IS DISTINCT FROM identity THEN
      wrong := wrong || format(' fault %s: the identity is %s;', n, session_auth.user_id());
    END IF;
    tried := answer(who, statement, kind, 0);
    IF (tried.answer, tried.code) IS DISTINCT FROM (plain.answer, plain.code) THEN
      wrong := wrong || format(' after fault %s: %s, %s instead of %s;', n, tried.code, tried.answer, plain.answer);
    END IF;
  END LOOP;
  RETURN format('%s faults: %s%s', n, (SELECT string_agg(DISTINCT c, ',' ORDER BY c) FROM unnest(codes) c), wrong);
END
$$;
SQL

$node->safe_psql('postgres', 'CREATE TABLE notes (id text PRIMARY KEY, role text)');

# Errors that a fault may end in, beside none. A failing OpenSSL has no word for
# why: a token is refused, a key or a secret cannot be used.
my %allowed = (memory => qr/^(none|53200)$/, cancel => qr/^(none|57014)$/, crypto => qr/^(none|53200|28000|22023|0A000|XX000|PT401)$/);
my %of = every_statement();
my $psql = $node->background_psql('postgres');
$psql->query_safe('SET client_min_messages = error');
my $pid = $psql->query_safe('SELECT pg_backend_pid()');
my %faults;
foreach my $who (qw(app signin chief postgres))
{
	$psql->query_safe('BEGIN');
	$psql->query_safe(q{SELECT session_auth.authenticate(token('alice'))}) if $who eq 'app';
	foreach my $trial (@{ $of{$who} })
	{
		my ($name, $statement) = @$trial;
		foreach my $kind (qw(memory cancel crypto))
		{
			(my $quoted = $statement) =~ s/'/''/g;
			my $said = $psql->query_safe("SELECT try('$who', '$quoted', '$kind')");
			my ($n, $codes, $wrong) = $said =~ /^(\d+) faults: ([\w,]*)(.*)$/;
			$faults{$kind} += $n // 0;
			my @bad = grep { $_ !~ $allowed{$kind} } split /,/, $codes // '';
			ok(defined $n && !@bad && $wrong eq '', "$name: $kind") or diag($said);
		}
	}
	$psql->query_safe('ROLLBACK');
}
note("$faults{$_} faults of kind $_") foreach sort keys %faults;
cmp_ok($faults{$_}, '>', 100, "there were faults: $_") foreach qw(memory cancel crypto);
is($psql->query_safe('SELECT pg_backend_pid()'), $pid, 'it was one backend all the time');
$psql->quit;

# --- at the end of a transaction: last_seen_at is written, or the transaction fails

$node->safe_psql('postgres', q{LOAD 'session_auth'; ALTER SYSTEM SET session_auth.touch_interval = 0; SELECT pg_reload_conf()});
$node->poll_query_until('postgres', q{SELECT current_setting('session_auth.touch_interval', true) = '0'});
my ($committed, $failed) = (0, 0);
foreach my $n (1 .. 200)
{
	my ($status, $out, $err) = $node->psql('postgres', qq{
		BEGIN; SELECT FROM session_auth.authenticate(token('bob')); INSERT INTO notes VALUES ('n$n', ''); SELECT FROM fault_arm('memory', $n); COMMIT;
		SELECT fault_came(), (SELECT count(*) FROM notes WHERE id = 'n$n'), session_auth.user_id() IS NULL;}, on_error_stop => 0);
	my ($came, $there, $nobody) = $out =~ /^(\w)\|(\d)\|(\w)$/m;
	$came eq 't' ? $err =~ /out of memory/ ? $failed++ : $committed++ : last;
	is("$there|$nobody", ($err =~ /out of memory/ ? 0 : 1) . '|t', "fault $n while it commits: all of it or nothing, and nobody is left");
}
cmp_ok($failed, '>', 5, "$failed commits failed for want of memory");
is($node->safe_psql('postgres', q{SELECT user_id FROM session_auth.verify_session(token('bob'))}), 'bob', 'the session is as good as before');
# --- a file that is away for a while is looked for again

my ($file, $token) = ("$dir/secret", undef);
append_to_file($file, 'a secret of more than thirty-two bytes');
$node->safe_psql('postgres', "SELECT session_auth.add_key('file', 'HS256', 'file:$file')");
$token = $node->safe_psql('postgres', q{SELECT session_auth.issue_token('alice', '1 hour', '{}', 'file')});
rename($file, "$file.away") or die $!;
my $patient = $node->background_psql('postgres', on_error_stop => 0);
my $verified = "SELECT count(*) FROM session_auth.verify_session('$token')";
is($patient->query($verified), '0', 'while the file of a secret is away, its tokens are refused');
rename("$file.away", $file) or die $!;
my $waited = 0;
sleep 1 while $patient->query($verified) ne '1' && $waited++ < 60;
cmp_ok($waited, '<', 60, 'when it is back, they are accepted again, in the same connection');
$patient->quit;
$node->stop;
done_testing();
