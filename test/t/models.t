# The models of test/models: spin finds no interleaving within their bounds that breaks a
# property, and finds the one that each mutation opens. docs/models.md says what they are of.
use strict;
use warnings;
use Test::More;

plan skip_all => 'spin is not installed' if system('command -v spin >/dev/null') != 0;

my $runs = do { open my $file, '<', 'test/models/runs' or die $!; join '', <$file> };
my %expected = map { ($_ => scalar(() = $runs =~ /^\w+ +$_ /mg)) } qw(holds breaks);
my @said = `test/models/run 2>&1`;
foreach my $kind (qw(holds breaks))
{
	is(scalar(grep { /^ok \w+: .* $kind\b/ } @said), $expected{$kind}, "$kind, as often as test/models/runs says");
}
is(scalar(grep { !/^ok / } @said), 0, 'and nothing else') or diag(@said);
cmp_ok($expected{breaks}, '>', 15, 'there were mutations');

# What a mutation removes is named in the documentation.
my $page = do { open my $file, '<', 'docs/models.md' or die $!; join '', <$file> };
my @unnamed = grep { $page !~ /`$_`/ } map { /breaks +\S+ +-D(\w+)/ ? $1 : () } split /\n/, $runs;
is("@unnamed", '', 'docs/models.md names each mutation');
done_testing();
