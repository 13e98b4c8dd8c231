# The pure layer under AddressSanitizer and UndefinedBehaviorSanitizer: its unit
# tests, every fuzz seed, and a few seconds of libFuzzer for each target.
use strict;
use warnings;
use Test::More;
use SessionAuth;

plan skip_all => 'no unit tests here' unless -e 'test/pure.mk';
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

for my $goal ('unit-asan', 'fuzz-quick')
{
	my $out = `make --silent --no-print-directory --file=test/pure.mk $goal 2>&1`;
	ok($? == 0, "make -f test/pure.mk $goal") or diag($out);
}
done_testing();
