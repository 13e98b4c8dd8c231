# pg_regress and the isolation specs, as `make installcheck` runs them on the
# server that the environment names.
use strict;
use warnings;
use Test::More;
use SessionAuth;

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL PGDATABASE)};
relay('make', '--silent', '--no-print-directory', 'installcheck') or show('regression.diffs');
done_testing();

sub show
{
	my ($file) = @_;
	open(my $diffs, '<', $file) or return;
	diag($_) foreach <$diffs>;
	return;
}
