# The C unit tests, which need no server: each check of each program counts.
use strict;
use warnings;
use Test::More;
use SessionAuth;

plan skip_all => 'no unit tests here' unless -e 'test/pure.mk';
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
if (relay('make', '--silent', '--no-print-directory', '--file=test/pure.mk', 'unit-build'))
{
	relay($_) foreach glob('build/pure/plain/*_test');
}

# Without libsodium the kinds that need it are refused, and all others go on.
my $without = 'build/pure-without-libsodium';
my @programs = map { "$without/plain/${_}_test" } qw(framework web_frameworks);
if (relay('make', '--silent', '--no-print-directory', '--file=test/pure.mk', 'HAVE_LIBSODIUM=no', "BUILD=$without", @programs))
{
	relay($_) foreach @programs;
}
done_testing();
