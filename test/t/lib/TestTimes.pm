# prove's formatter: names each file when it begins, says how long it took, and
# lists the slowest before prove's own closing lines, which stay the last.
package TestTimes;

use strict;
use warnings;
use parent 'TAP::Formatter::Console';

my $listed = 10;

sub summary
{
	my ($self, $aggregate, $interrupted) = @_;
	$self->_output(slowest($aggregate));
	return $self->SUPER::summary($aggregate, $interrupted);
}

sub slowest
{
	my ($aggregate) = @_;
	my %took;
	foreach my $file ($aggregate->descriptions)
	{
		my ($parser) = $aggregate->parsers($file);
		$took{$file} = $parser->end_time - $parser->start_time;
	}
	my @files = sort { $took{$b} <=> $took{$a} || $a cmp $b } keys %took;
	return '' if @files < 2;
	splice @files, $listed if @files > $listed;
	return join('', "\nThe slowest, in seconds:\n", map { sprintf("%8.1f  %s\n", $took{$_}, $_) } @files);
}

1;
