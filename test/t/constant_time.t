# Secrets are compared, encoded, decoded and derived from without a branch or an address that
# depends on them: test/unit/constant_time.c, under valgrind. docs/models.md says more.
use strict;
use warnings;
use Test::More;

plan skip_all => 'no unit tests here' unless -e 'test/pure.mk';
plan skip_all => 'valgrind is not installed' if system('command -v valgrind >/dev/null') != 0;
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

my $program = 'build/pure/plain/constant_time';
is(system('make --silent --no-print-directory --file=test/pure.mk constant-time'), 0, 'it is built');
foreach my $case (split /\n/, `$program`)
{
	my $said = `valgrind --quiet --error-exitcode=99 $program $case 2>&1`;
	my $status = $? >> 8;
	if ($case =~ /^leaks/)
	{
		is($status, 99, "$case: found");
		like($said, qr/uninitialised value/, '… as what it is');
	}
	else
	{
		is($status, 0, "$case: nothing depends on the secret") or diag($said);
	}
}
done_testing();
