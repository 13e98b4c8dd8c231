# Cursors of the wire protocol: a driver that fetches a few rows at a time leaves a
# portal suspended, of which SQL's cursors know nothing; and a held cursor beside it.
# The attacks on cursors are test/attacks/cursors.sql and test/attacks/held_cursors.sql.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;
use WireProtocol;

my $node = new_server('portals');
add_extension($node);
my $alice = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $bob = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});

my $connection = WireProtocol->new($node);

sub parse { return message('P', "$_[0]\0$_[1]\0" . pack('n', 0)) }
sub bind_to { return message('B', "$_[0]\0$_[1]\0" . pack('nnn', 0, 0, 0)) }
sub execute { return message('E', "$_[0]\0" . pack('N', $_[1])) }
sub flush { return message('H', '') }
sub sync { return message('S', '') }

# What comes back up to one of these letters.
sub ask
{
	my @came = $connection->ask(@_);
	pop @came;
	return join(' ', @came);
}

sub query { return ask('Z', message('Q', "$_[0]\0")) }
sub authenticate { return "SELECT user_id FROM session_auth.authenticate('$_[0]')" }

my $rows = q{SELECT coalesce(session_auth.user_id(), 'nobody') || i FROM generate_series(1, 4) i};

# s: suspended, C: complete, E: an error
foreach my $portal ('', 'named', '<unnamed>')
{
	my $name = $portal eq '' ? 'the portal without a name' : "portal $portal";
	query('BEGIN');
	is(query(authenticate($alice)), 'alice', "$name: alice authenticates");
	is(ask('sCE', parse('rows', $rows), bind_to($portal, 'rows'), execute($portal, 2), flush()), 'alice1 alice2', '… fetches two rows, and the portal is suspended');
	# as a driver does, with portals of another name
	is(ask('sCE', parse('change', authenticate($bob)), bind_to('other', 'change'), execute('other', 0), flush()), 'error 55000', '… and nobody else authenticates');
	ask('Z', sync());
	is(query('ROLLBACK'), '', '… until the transaction is over');
	ask('Z', message('C', 'Srows' . "\0"), message('C', 'Schange' . "\0"), sync());
	is(query(authenticate($bob)), 'bob', '… when bob may');
}

# to its end: nothing is left to take
query('BEGIN');
query(authenticate($alice));
is(ask('sCE', parse('', $rows), bind_to('done', ''), execute('done', 0), flush()), 'alice1 alice2 alice3 alice4', 'a portal that ran to its end');
ask('Z', sync());
query('COMMIT');

# held by an earlier client of this connection, and one suspended now beside it
query('BEGIN');
query(authenticate($alice));
query("DECLARE kept CURSOR WITH HOLD FOR $rows");
query('COMMIT');
query('BEGIN');
is(query(authenticate($bob)), 'bob', 'stored rows of an earlier client are in nobody\'s way');
is(query('FETCH kept'), 'alice1', '… and are that client\'s');
is(ask('sCE', parse('', $rows), bind_to('part', ''), execute('part', 1), flush()), 'bob1', 'a portal beside it is suspended');
is(ask('sCE', parse('', authenticate($alice)), bind_to('', ''), execute('', 0), flush()), 'error 55000', '… and refuses');
ask('Z', sync());
query('ROLLBACK');

# the portal that authenticates is itself suspended: all of its rows are taken, or none
query('BEGIN');
is(ask('sCE', parse('', "$rows WHERE (session_auth.authenticate('$bob')).user_id IS NOT NULL"), bind_to('self', ''), execute('self', 1), flush()), 'bob1', 'a portal whose query authenticates gives a row');
is(ask('sCE', execute('self', 1), flush()), 'bob2', '… and, resumed, the next');
is(ask('sCE', parse('', authenticate($alice)), bind_to('', ''), execute('', 0), flush()), 'error 55000', '… and is open to others meanwhile');
ask('Z', sync());
query('ROLLBACK');

undef $connection;
$node->stop;
done_testing();
