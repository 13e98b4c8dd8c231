# What the catalogs say of the extension, as a set, and how two such sets differ.
package ExtensionFacts;

use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;

our @EXPORT = qw(extension_facts differences);

my $facts_as_json = 'SELECT to_json(fact) FROM (' . PostgreSQL::Test::Utils::slurp_file(dirname(__FILE__) . '/extension_facts.sql') =~ s/;\s*\z//r . ') f';

# The facts after some statements, which are rolled back; $ask runs SQL and
# returns what it answers.
sub extension_facts
{
	my ($ask, $statements) = (@_, '');
	my $out = $ask->("BEGIN;\n$statements;\nSET LOCAL search_path = pg_catalog;\n$facts_as_json;\nROLLBACK");
	return { map { $_ => 1 } grep { /^"/ } split /\n/, $out };
}

# What the one has and the other has not, both ways, one a line.
sub differences
{
	my ($is, $should) = @_;
	return join "\n", (map { "- $_" } grep { !$is->{$_} } sort keys %$should), (map { "+ $_" } grep { !$should->{$_} } sort keys %$is);
}

1;
