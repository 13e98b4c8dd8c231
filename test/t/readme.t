# What the documentation prints comes back: docs/getting-started.md and docs/migrations.md
# (but for its tools, which test/web/migrations.test.mjs types) are run as they
# stand, the guide's statements are typed, and the reference names every public
# function, in its index too, with its signature and who may call it, every setting
# with its default, and every table.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('readme');
my $started = slurp_file('docs/getting-started.md');
my $guide = slurp_file('docs/guide.md');
my $migrations = slurp_file('docs/migrations.md');
my $reference = slurp_file('docs/reference.md');

# ------------------------------------- getting started, and what migrations do

# Runs a page's statements in one psql, each block's answer compared with the page's.
sub typed_as_it_stands
{
	my ($what, $text, $database, $at_least) = @_;
	my @blocks = $text =~ /^```(sql|text)\n(.*?)^```$/msg;
	my (@statements, @answers);
	while (my ($kind, $body) = splice(@blocks, 0, 2))
	{
		if ($kind eq 'sql') { push @statements, $body }
		else { $answers[$#statements] = $body }
	}
	cmp_ok(scalar(@statements), '>=', $at_least, "$what has its statements");
	cmp_ok(scalar(grep { defined } @answers), '>=', $at_least, 'and their answers');

	my $script = join('', map { "$_\\echo \@\@\@\n" } @statements);
	my $output = '';
	IPC::Run::run([ 'psql', '--no-psqlrc', $node->connstr($database) ], '<', \$script, '>&', \$output);
	my @came = split(/^\@\@\@\n/m, $output, -1);
	is($#came, scalar(@statements), 'every statement was run');
	foreach my $i (0 .. $#statements)
	{
		my ($name) = $statements[$i] =~ /^(.*)/;
		if (defined $answers[$i]) { is(normalised($came[$i]), normalised($answers[$i]), "as printed: $name") }
		else { unlike($came[$i], qr/^(?:ERROR|WARNING|NOTICE):/m, "without a word: $name") }
	}
}

$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('postgres', q{LOAD 'session_auth'; ALTER DATABASE shop SET session_auth.warn_literal_tokens = on});
typed_as_it_stands('the getting started', $started, 'shop', 8);
typed_as_it_stands('the page of migrations', $migrations =~ s/^## Prisma\n.*//msr, 'postgres', 7);

# --------------------------------------------------------------------- the guide

# Each of its statements but those that take a value, a file of the server's or
# another extension, in a connection of its own: nothing is loaded that it does not load.
$node->safe_psql('postgres', 'CREATE DATABASE guide');
$node->safe_psql('guide', q{
	CREATE EXTENSION session_auth;
	SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"], "USER": []}'), session_auth.grant_role('u2', 'USER');
	CREATE TABLE accounts (id int, holder text); GRANT SELECT ON accounts TO app; SELECT session_auth.grant_usage('app', 'request'); CREATE TABLE notes (user_id text, org text); CREATE TABLE tasks (project text);
	CREATE TABLE "User" (id text, role text); CREATE TABLE "Session" ("sessionToken" text, "userId" text, expires timestamptz)});
my $typed = 0;
foreach my $block ($guide =~ /^```sql\n(.*?)^```$/msg)
{
	my ($name) = $block =~ /^(.*)/;
	$block = join('', grep { !/\$\d|^SELECT session_auth.sign_out/ } split(/^/, $block)) if $block =~ /expire_user_sessions/;
	next if $block =~ /\$\d|\$(?:new|old)|cron\.|file:/;
	my ($status, $out, $err) = $node->psql('guide', $block);
	is("$status$err", '0', "as typed: $name") or diag($err);
	$typed++;
}
cmp_ok($typed, '>=', 11, 'the guide has its statements');
$node->reload;

# -------------------------------------------------------------------- functions

sub rows
{
	my ($sql) = @_;
	return map { [ split /\x1f/, $_, -1 ] } split /\x1e/, $node->safe_psql('shop', $sql, extra_params => [ '-F', "\x1f", '-R', "\x1e" ]);
}

# Arguments without casts, and the columns of what comes back.
my @functions = rows(q{
	SELECT p.proname,
	  format(CASE p.prokind WHEN 'p' THEN 'CALL %s(%s)' ELSE '%s(%s) → %s' END, p.proname,
	    (SELECT string_agg(regexp_replace(regexp_replace(a.text, '^IN ', ''), '::[a-z ]+(\[\])?', '', 'g'), ', ' ORDER BY a.place)
	     FROM regexp_split_to_table(pg_get_function_arguments(p.oid), ', (?=(?:OUT )?\w+ )') WITH ORDINALITY a (text, place)
	     WHERE a.text NOT LIKE 'OUT %'),
	    CASE WHEN p.proallargtypes IS NULL THEN format_type(p.prorettype, NULL)
	      ELSE format('%s(%s)', CASE WHEN p.proretset THEN 'table' ELSE 'record' END,
	        (SELECT string_agg(format('%s %s', p.proargnames[i], format_type(p.proallargtypes[i], NULL)), ', ' ORDER BY i)
	         FROM generate_subscripts(p.proargmodes, 1) i WHERE p.proargmodes[i] IN ('o', 't'))) END),
	  coalesce((SELECT string_agg(u, ', ' ORDER BY place) FROM unnest(session_auth.usages()) WITH ORDINALITY u (u, place)
	    WHERE p.oid IN (SELECT f FROM session_auth.functions_of_usage(u) f)), 'the owner of the extension')
	FROM pg_proc p
	WHERE p.pronamespace = 'session_auth'::regnamespace
	  AND coalesce(obj_description(p.oid, 'pg_proc'), '') NOT LIKE 'internal:%'
	ORDER BY 1, 2});
cmp_ok(scalar(@functions), '>', 50, 'there are public functions');

my $index = section($reference, 2, 'Index');
my %known;
foreach my $function (@functions)
{
	my ($name, $signature, $usage) = @$function;
	$signature =~ s/timestamp with time zone/timestamptz/g;
	$known{$name} = 1;
	my $entry = section($reference, 3, $name);
	ok(defined $entry, "$name has an entry in the reference") or next;
	my ($signatures) = $entry =~ /^```\n(.*?)^```$/ms;
	my $flat = $signatures // '';
	$flat =~ s/\s+/ /g;
	$flat =~ s/\( /(/g;
	$flat =~ s/ \)/)/g;
	ok(index(" $flat ", " $signature ") >= 0, "$name has its signature there") or diag("wanted: $signature");
	my ($for) = $entry =~ /^For: (.*)\.$/m;
	is($for, $usage, "$name: and for whom it is");
	like($index, qr/\[\Q$name\E\]\(#\Q$name\E\)/, "$name is in the index");
}

# --------------------------------------------------------------------- settings

my @settings = rows(q{
	SELECT name, context, coalesce(unit, ''), boot_val FROM pg_settings WHERE name LIKE 'session\_auth.%' ORDER BY 1});
@settings = rows(q{LOAD 'session_auth'; SELECT name, context, coalesce(unit, ''), boot_val FROM pg_settings WHERE name LIKE 'session\_auth.%' ORDER BY 1})
	unless @settings;
cmp_ok(scalar(@settings), '>=', 10, 'there are settings');
my %units = (s => 'seconds', ms => 'milliseconds', B => 'bytes', kB => 'kilobytes', '' => 'none');
foreach my $setting (@settings)
{
	my ($name, $context, $unit, $boot) = @$setting;
	$known{$name} = 1;
	my $entry = section($reference, 3, $name);
	ok(defined $entry, "$name has an entry in the reference") or next;
	my ($default, $said_unit, $who) = $entry =~ /^Default: ([^,.]*).*?\. Unit: (\w+)\. Changed by: (\w+)\.$/m;
	is($said_unit, $units{$unit}, "$name: its unit");
	is($who, { superuser => 'superusers', sighup => 'reload', postmaster => 'restart' }->{$context}, "$name: who may change it");
	my $value = ($default // '') eq 'none' ? '' : $default // '';
	$value = $node->safe_psql('shop', "SELECT extract(epoch FROM interval '$value')::bigint") if $unit eq 's';
	$value = $node->safe_psql('shop', "SELECT (1000 * extract(epoch FROM interval '$value'))::bigint") if $unit eq 'ms';
	$value = $node->safe_psql('shop', "SELECT pg_size_bytes('$value') / @{[$unit eq 'kB' ? 1024 : 1]}") if $unit =~ /^k?B$/;
	is($value, $boot, "$name: its default");
	my ($short) = $name =~ /\.(.*)/;
	like($index, qr/\[\Q$short\E\]\(#session_auth\Q$short\E\)/, "$name is in the index");
}
ok(defined section($reference, 3, 'session_auth.identity'), 'session_auth.identity has an entry in the reference');
$known{'session_auth.identity'} = 1;
# which is there where the server preloads the library
$known{'session_auth.statistics_databases'} = 1;

# where there are no logins by OAuth there are no settings of theirs
if ($node->pg_version < 18)
{
	$known{$_} = 1 foreach grep { /^session_auth\.oauth_/ } $reference =~ /^### (\S+)$/mg;
}

# ----------------------------------------------------- tables, and what is stale

foreach my $table (rows(q{SELECT oid::regclass FROM pg_class WHERE relnamespace = 'session_auth'::regnamespace AND relkind = 'r'}))
{
	like(section($reference, 2, 'Tables'), qr/^\| \Q$table->[0]\E \|/m, "$table->[0] is in the list of tables");
}
is(join(' ', grep { !$known{$_} } $reference =~ /^### (\S+)$/mg), '', 'the reference names nothing that is not there');

my @pages = (glob('docs/*.md'), glob('packages/*/README.md'));
my @documents = grep { -e } ('README.md', 'SECURITY.md', 'CONTRIBUTING.md', @pages, glob('examples/*/README.md'));
foreach my $file (@documents)
{
	my $text = slurp_file($file);
	my %called = map { $_ => 1 } join('', $text =~ /^```sql\n(.*?)^```$/msg) =~ /\bsession_auth\.(\w+)\(/g;
	is(join(' ', grep { !$known{$_} } sort keys %called), '', "$file calls no function that is not there");

	my ($dir) = $file =~ m{^(.*/)};
	my @dead;
	foreach my $link ($text =~ /\]\(([^)\s]+)\)/g)
	{
		next if $link =~ /^(?:https?|mailto):/;
		my ($path, $anchor) = split /#/, $link, 2;
		my $target = $path eq '' ? $file : ($dir // '') . $path;
		1 while $target =~ s{(?!\.\./)[^/]+/\.\./}{};
		if (!-e $target) { push @dead, $link; next }
		next if !defined $anchor;
		my %anchors;
		foreach my $heading (slurp_file($target) =~ /^#+ (.*)$/mg)
		{
			my $id = lc $heading;
			$id =~ s/[^\w\- ]//g;
			$id =~ s/ /-/g;
			$anchors{$id} = 1;
		}
		push @dead, $link if !$anchors{$anchor};
	}
	is(join(' ', @dead), '', "$file has no dead link");
}

my $readme = slurp_file('README.md');
is(join(' ', grep { index($readme, "]($_") < 0 } @pages), '', 'README.md leads to every page');

$node->stop;
done_testing();
