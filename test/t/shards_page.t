# docs/shards.md is typed as it stands, but for where the servers are and what the page leaves
# to its reader: policies on the parent, an identity that travels by postgres_fdw with a password,
# and one that is handed over by hand.
# Siblings: test/t/nodes.t, test/attacks/carried_identities.t, test/t/poolers_page.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $page = slurp_file('docs/shards.md');
my ($front, $shard) = map { new_server($_) } qw(front shard_1);
my ($private, $public) = nodes_key_pair();
my $pem = PostgreSQL::Test::Utils::tempdir_short() . '/sealing.pem';
append_to_file($pem, $private);
my $password = 'a password of front';

# Without a password of its own postgres_fdw lets nobody but a superuser in.
my $hba = $shard->data_dir . '/pg_hba.conf';
my $trusts = slurp_file($hba);
unlink $hba or die;
append_to_file($hba, "local all front scram-sha-256\n$trusts");
foreach my $node ($front, $shard)
{
	$node->reload;
	$node->safe_psql('postgres', 'CREATE DATABASE shop');
	$node->safe_psql('shop', q{CREATE EXTENSION session_auth; SELECT session_auth.import_permissions('{"OWNER": ["*:orders"]}')});
}
$shard->safe_psql('shop', 'CREATE TABLE orders (id bigint NOT NULL, owner text NOT NULL, shard integer NOT NULL)');
$front->safe_psql('shop', q{CREATE ROLE app LOGIN; SELECT session_auth.grant_usage('app', 'request'); SELECT session_auth.grant_role('alice', 'OWNER'), session_auth.grant_role('bob', 'OWNER')});
my %token = map { $_ => $front->safe_psql('shop', "SELECT token FROM session_auth.create_session('$_')") } qw(alice bob);

# The blocks of SQL under a heading.
sub blocks { my ($level, $title) = @_; return section($page, $level, $title) =~ /^```sql\n(.*?)^```$/msg; }

# The statements of a block as whoever types them would have them.
sub filled_in
{
	my ($text) = @_;
	my ($host, $port) = ($shard->host, $shard->port);
	$text =~ s/host 'shard-1\.internal'/host '$host', port '$port'/;
	$text =~ s/'…'/'$password'/;
	$text =~ s/'-----BEGIN PUBLIC KEY-----…'/'$public'/;
	$text =~ s/file:\S+\.pem/file:$pem/;
	return $text;
}

sub typed { my ($node, $text, @as) = @_; return $node->safe_psql('shop', filled_in($text), extra_params => [ map { ('--username' => $_) } @as ]); }

# --- the identity travels

my ($seals, $verifies, $asks) = blocks(3, 'What to type');
typed($shard, $verifies);
typed($front, $seals);
$shard->safe_psql('shop', q{INSERT INTO orders VALUES (1, 'alice', 1), (2, 'bob', 1), (3, 'alice', 1)});
is(typed($front, 'SELECT * FROM orders_1', 'app'), '', 'nobody sees nothing');
is(typed($front, $asks =~ s/\$1/'$token{alice}'/r, 'app'), "1|alice|1\n3|alice|1", 'what the application types has the rows of its user');
is(typed($front, $asks =~ s/\$1/'$token{bob}'/r =~ s/SELECT \* FROM orders_1/DELETE FROM orders_1 RETURNING id/r, 'app'), "2", 'another user, another row');
my (undef, undef, $err) = $front->psql('shop', "BEGIN; SELECT FROM session_auth.authenticate('$token{alice}'); INSERT INTO orders_1 VALUES (4, 'bob', 1)", extra_params => [ '--username' => 'app' ]);
like($err, qr/row-level security policy for table "orders"/, 'rows of others are refused there');

# --- by hand

my ($by_hand) = blocks(2, 'By hand');
my ($allow, $seal, $enter) = split /^/, $by_hand;
typed($front, $allow);
my ($sealed) = typed($front, "BEGIN; SELECT FROM session_auth.authenticate('$token{alice}'); $seal", 'app') =~ /(eyJ\S+)/;
local $ENV{PGPASSWORD} = $password;
is(typed($shard, ($enter =~ s/\$1/'$sealed'/r) . 'SELECT id FROM orders', 'front'), "1\n3", 'an identity that is handed over by hand');

# --- policies on the parent, which needs nothing there

typed($front, 'DROP FOREIGN TABLE orders_1; SELECT session_auth.disconnect_node(\'shard_1\'); CREATE SERVER shard_2 FOREIGN DATA WRAPPER postgres_fdw');
$shard->safe_psql('shop', q{SELECT session_auth.unprotect_table('orders'); ALTER TABLE orders NO FORCE ROW LEVEL SECURITY; ALTER TABLE orders DISABLE ROW LEVEL SECURITY; INSERT INTO orders VALUES (2, 'bob', 1)});
my ($parent) = blocks(2, 'Policies on the parent');
typed($front, $parent);
my $reads = sub { return typed($front, "BEGIN; SELECT FROM session_auth.authenticate('$token{$_[0]}'); SELECT id FROM orders WHERE shard = 1 ORDER BY id", 'app') };
is($reads->('alice'), "1\n3", 'policies on the parent filter');
is($reads->('bob'), "2", 'for each user');
my ($shipped) = section($page, 2, 'Policies on the parent') =~ /`(Remote SQL: [^`]+)`/;
like(typed($front, "BEGIN; SELECT FROM session_auth.authenticate('$token{alice}'); EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM orders WHERE shard = 1", 'app'), qr/\Q$shipped\E/, 'and ship what the page says');
(undef, undef, $err) = $front->psql('shop', 'SELECT * FROM orders_1', extra_params => [ '--username' => 'app' ]);
like($err, qr/permission denied for foreign table orders_1/, 'a partition by itself is not read');

$_->stop foreach $front, $shard;
done_testing();
