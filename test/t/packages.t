# scripts/install-packages and its kin: apt-get is waited for while somebody else
# holds its lock, and what it fails with otherwise is said at once.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir();

# An apt-get that fails with these words for the first times that it is called.
sub called_with
{
	my ($failures, $words) = @_;
	unlink "$dir/calls", "$dir/sudo", "$dir/apt-get";
	append_to_file("$dir/apt-get", <<END);
#!/bin/sh
echo "\$*" >>$dir/calls
[ "\$(wc -l <$dir/calls)" -gt $failures ] && exit 0
echo '$words'
exit 100
END
	append_to_file("$dir/sudo", qq{#!/bin/sh\nexec "\$@"\n});
	chmod 0755, "$dir/apt-get", "$dir/sudo";
	my $said = `PATH=$dir:\$PATH bash -c '. scripts/lib.sh; apt_get update' 2>&1`;
	return ($? >> 8, $said, slurp_file("$dir/calls"));
}

my ($status, $said, $calls) = called_with(2, 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt-get)');
is($status, 0, 'a lock that others hold is waited for');
is($said, '', '… without a word');
is(() = $calls =~ /update$/mg, 3, '… by asking again');
like($calls, qr/DPkg::Lock::Timeout=\d+/, q{… and dpkg's own lock by its setting});
($status, $said, $calls) = called_with(9, 'E: Unable to locate package');
is($status, 100, 'any other failure is one');
is($said, "E: Unable to locate package\n", '… and said');
is(() = $calls =~ /update$/mg, 1, '… at once');
done_testing();
