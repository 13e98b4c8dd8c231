# What the tests of managers of failover share: processes that they start and end, and
# questions to two servers of which one is the primary.
package Managed;

use strict;
use warnings;
use Exporter 'import';
use IO::Socket::INET;
use POSIX qw(setsid);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(free_port spawn until_true ask process_of stop_all);

# Interrupted, a test still ends what it started, which END blocks do.
$SIG{$_} = sub { exit 130 } foreach qw(INT TERM HUP);

my @started;

# A port that nobody listens on now.
sub free_port
{
	my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die $!;
	return $socket->sockport;
}

# A process in a group of its own, whose output goes to a file.
sub spawn
{
	my ($log, @command) = @_;
	my $pid = fork // die $!;
	if ($pid == 0)
	{
		setsid();
		open(STDIN, '<', '/dev/null'); open(STDOUT, '>>', $log); open(STDERR, '>&', \*STDOUT);
		exec @command or die $!;
	}
	push @started, $pid;
	return $pid;
}

# Whether it comes to be true within so many seconds, and after how many.
sub until_true
{
	my ($seconds, $condition) = @_;
	my $start = time;
	while (time - $start < $seconds)
	{
		return time - $start || 1e-6 if $condition->();
		sleep 0.1;
	}
	return 0;
}

# What psql answers, or '' when it cannot.
sub ask
{
	my ($conninfo, $statement) = @_;
	local $ENV{PGCONNECT_TIMEOUT} = 2;
	open(my $psql, '-|', 'sh', '-c', 'exec timeout 10 psql --no-psqlrc --quiet --tuples-only --no-align "$@" 2>/dev/null', 'sh', "--dbname=$conninfo", "--command=$statement") or die $!;
	my $said = join '', <$psql>;
	close $psql;
	chomp $said;
	return $said;
}

# The postmaster of a data directory, and what it has started.
sub process_of
{
	my ($data) = @_;
	open(my $file, '<', "$data/postmaster.pid") or return ();
	chomp(my $pid = <$file>);
	return ($pid, split /\s+/, `pgrep --parent $pid`);
}

# Ends all of them, and what they started.
sub stop_all
{
	my (@data) = @_;
	local $?;
	kill 'KILL', -$_ foreach reverse @started;
	foreach my $data (@data)
	{
		my ($pid) = process_of($data);
		kill 'CONT', process_of($data);
		kill 'QUIT', $pid if $pid;
	}
	return;
}

1;
