# Clients of session_ledger.py, as an object: what it is told to do, and what it
# answers.
package SessionLedger;

use strict;
use warnings;
use File::Basename qw(dirname);
use IPC::Open2 qw(open2);
use JSON::PP qw(decode_json);
use Test::More ();

# Debian's own python has Debian's psycopg
my $python = '/usr/bin/python3';

sub available
{
	return system("$python -c 'import psycopg' 2>/dev/null") == 0;
}

sub new
{
	my ($class, $clients, $seed) = @_;
	my $self = bless {}, $class;
	$self->{pid} = open2($self->{out}, $self->{in}, $python, dirname(__FILE__) . '/session_ledger.py', $clients, $seed);
	return $self;
}

# One command; a hash of what it answers.
sub ask
{
	my ($self, @command) = @_;
	$self->{in}->print(join("\t", @command), "\n");
	$self->{in}->flush;
	my $answer = readline($self->{out});
	Test::More::BAIL_OUT("session_ledger.py has gone in @command") unless defined $answer;
	$answer = decode_json($answer);
	Test::More::diag($answer->{error}) if $answer->{error};
	return $answer;
}

sub end
{
	my ($self) = @_;
	close $self->{in};
	close $self->{out};
	waitpid $self->{pid}, 0;
	return;
}

1;
