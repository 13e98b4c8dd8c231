# The C unit tests, which need no server.
use strict;
use warnings;
use Test::More;
use SessionAuth;

plan skip_all => 'no unit tests here' unless -e 'test/pure.mk';
relay('make', '--silent', '--no-print-directory', '--file=test/pure.mk', 'unit');
done_testing();
