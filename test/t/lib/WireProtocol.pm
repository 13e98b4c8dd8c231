package WireProtocol;

# The messages between a client and the server, one by one: what drivers send and libpq does not.
use strict;
use warnings;
use IO::Socket::UNIX;
use PostgreSQL::Test::Utils;
use Socket qw(SOL_SOCKET SO_RCVTIMEO);
use Exporter 'import';

our @EXPORT = qw(message);

# A connection of the database role app.
sub new
{
	my ($class, $node) = @_;
	my $socket = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "no connection: $!";
	# an answer that does not come is a failure
	$socket->setsockopt(SOL_SOCKET, SO_RCVTIMEO, pack('l!l!', $PostgreSQL::Test::Utils::timeout_default, 0)) or die "no time limit: $!";
	my $self = bless { socket => $socket }, $class;
	my $startup = pack('N', 196608) . "user\0app\0database\0postgres\0\0";
	$self->ask('Z', pack('N', 4 + length $startup) . $startup);
	return $self;
}

# One message: a letter, its length, its body.
sub message { return $_[0] . pack('N', 4 + length $_[1]) . $_[1] }

sub take
{
	my ($self, $n) = @_;
	my $bytes = '';
	while (length $bytes < $n) { sysread($self->{socket}, $bytes, $n - length $bytes, length $bytes) or die 'the server hung up, or does not answer' }
	return $bytes;
}

# Sends messages. What comes back up to one of these letters, that one's body last: rows as
# their first column, errors as their code.
sub ask
{
	my ($self, $until, @messages) = @_;
	my @came;
	syswrite($self->{socket}, join('', @messages));
	while (1)
	{
		my ($letter, $len) = unpack('aN', $self->take(5));
		my $body = $self->take($len - 4);
		if ($letter eq 'D')
		{
			my $size = unpack('x2N', $body);
			push @came, $size == 0xffffffff ? 'NULL' : substr($body, 6, $size);
		}
		push @came, "error $1" if $letter eq 'E' && $body =~ /\0C([^\0]*)\0/;
		return (@came, $body) if index($until, $letter) >= 0;
	}
}

1;
