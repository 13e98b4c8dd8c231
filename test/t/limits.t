# Settings that any database role may change for itself: how much memory a query
# may use, how it is planned, how values are written. What must hold: each function
# answers as ever.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use EveryFunction;
use SessionAuth;

my $node = new_server('limits', 'autovacuum = off');
prepare_everything($node);
my %of = every_statement();
my $parallel = $node->pg_version >= 16 ? 'debug_parallel_query' : 'force_parallel_mode';

my %settings = (
	'by default' => {},
	'as little memory as there may be' => { work_mem => '64kB', maintenance_work_mem => '1MB', temp_buffers => '100', hash_mem_multiplier => 1, max_stack_depth => '100kB' },
	'as little memory, and no temporary file' => { work_mem => '64kB', temp_file_limit => 0 },
	'as much memory as there may be' => { work_mem => '2000GB', maintenance_work_mem => '2000GB', hash_mem_multiplier => 1000, max_stack_depth => '7MB' },
	'other plans' => { jit => 'on', jit_above_cost => 0, jit_inline_above_cost => 0, jit_optimize_above_cost => 0, plan_cache_mode => 'force_generic_plan', enable_seqscan => 'off', enable_hashagg => 'off', enable_sort => 'off', from_collapse_limit => 1, join_collapse_limit => 1, geqo_threshold => 2, cursor_tuple_fraction => 0 },
	'parallel plans' => { $parallel => 'on', parallel_setup_cost => 0, parallel_tuple_cost => 0, min_parallel_table_scan_size => 0 },
	'other styles' => { DateStyle => 'SQL, DMY', IntervalStyle => 'sql_standard', TimeZone => 'Asia/Kathmandu', bytea_output => 'escape', $node->pg_version->major >= 19 ? () : (standard_conforming_strings => 'off'), array_nulls => 'off', transform_null_equals => 'on', quote_all_identifiers => 'on', extra_float_digits => -15, search_path => '', default_transaction_isolation => 'repeatable read', check_function_bodies => 'off' },
);

# Each function that a usage grants is in a statement.
my $granted = $node->safe_psql('postgres', q{
	SELECT DISTINCT p.proname FROM pg_proc p, aclexplode(p.proacl) a JOIN pg_roles r ON r.oid = a.grantee
	WHERE p.pronamespace = 'session_auth'::regnamespace AND r.rolname IN ('app', 'signin', 'chief')
		AND p.prokind = 'f' AND obj_description(p.oid) NOT LIKE 'internal:%' ORDER BY 1});
my $said = join ' ', map { $_->[1] } map { @$_ } values %of;
is(join(' ', grep { $said !~ /session_auth\.\Q$_\E\(/ } split /\n/, $granted), '', 'every function is tried');

# What every statement answers with these settings, all of it undone.
sub answers
{
	my ($settings) = @_;
	my $set = join '', map { "SET $_ = " . ($_ eq 'search_path' ? "''" : "'$settings->{$_}'") . ";\n" } sort keys %$settings;
	my %answers;
	foreach my $who (sort keys %of)
	{
		my $script = "$set BEGIN;\n" . ($who eq 'postgres' ? "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;\n" : '') . ($who eq 'app' ? "SELECT FROM session_auth.authenticate(public.token('alice'));\n" : '') . "SET LOCAL ROLE $who;\n";
		foreach my $trial (@{ $of{$who} })
		{
			my ($name, $statement) = @$trial;
			(my $qualified = $statement) =~ s/(?<![.\w])(token\(|refusal\(|accounts\b(?!')|projects\b(?!'))/public.$1/g;
			$qualified =~ s/'(things|logins|people)'/'public.$1'/g;
			$script .= "SAVEPOINT s; SELECT '\@$name'; $qualified; ROLLBACK TO s;\n";
		}
		my ($status, $out, $err) = $node->psql('postgres', "$script ROLLBACK;", on_error_stop => 0, extra_params => [ '--set=client_min_messages=error' ]);
		my $name;
		foreach (split /\n/, $out)
		{
			if (/^\@(.*)/) { $name = $1; $answers{$name} = '' }
			elsif (defined $name) { $answers{$name} .= $_ }
		}
		diag($err) if $err =~ /ERROR/;
	}
	return %answers;
}

my %plain = answers($settings{'by default'});
cmp_ok(scalar(grep { $plain{$_} ne '' } keys %plain), '>', 50, 'there are answers');
foreach my $name (sort grep { $_ ne 'by default' } keys %settings)
{
	my %others = answers($settings{$name});
	my @differ = grep { ($others{$_} // 'nothing') ne $plain{$_} } sort keys %plain;
	# a whole table is joined, which PostgreSQL may have to do on disk: it says so, 53400
	@differ = grep { !/^adopt/ } @differ if exists $settings{$name}{temp_file_limit};
	is(join(', ', @differ), '', "$name: " . keys(%others) . ' statements answer as ever')
		or diag(map { "$_: $others{$_} instead of $plain{$_}\n" } @differ);
}
$node->stop;
done_testing();
