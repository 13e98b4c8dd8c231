# Some seconds of test/differential, with another seed each time: SEED names one that failed.
use strict;
use warnings;
use Test::More;

my $seed = $ENV{SEED} // int(rand(2**30));
my $out = `test/differential 8 $seed 2>&1`;
ok($? == 0, "seed $seed") or diag($out);
like($out, qr/^[1-9]\d* questions about permissions, [1-9]\d* queries with [1-9]\d* rows: all the same$/m, 'some were asked');
like($out, qr/^[1-9]\d* questions and [1-9]\d* kept plans of a connection while another committed: all the same$/m, 'and of a second connection');
done_testing();
