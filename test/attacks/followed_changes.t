# Attack: make a backend that follows changes miss one: a transaction that was open when others
# ended, a savepoint that takes a grant back, a record that is deleted, truncated or comes from
# another server, more changes than are recorded one by one, one of what is known in part, a role
# that a token named before it was there.
# Holds: the first question after a change has its answer, whatever was cached before.
# test/t/permission_oracle.t has random changes. Guards: src/catalog/permission_changes.c,
# changes_of_others(), own_changes(); src/catalog/record_changes.c, record_deletion(), record_role();
# src/permission/role_set.c, role_set_follow(); src/permission/permission_cache.c, is_missed_role(); src/sql/sql_changes.c,
# change_replicated().
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('followed_changes', 'autovacuum = off');
add_extension($node);
$node->safe_psql('postgres', q{
	INSERT INTO session_auth.roles VALUES ('SMALL'), ('LARGE'), ('OTHER'), ('PARENT');
	INSERT INTO session_auth.permissions SELECT 'LARGE', 'view', 'thing:' || n, false FROM generate_series(1, 5000) n;
	INSERT INTO session_auth.permissions VALUES ('SMALL', 'view', 'thing:1', false);
});
my ($reader, $early, $late) = map { $node->background_psql('postgres') } 1 .. 3;
my $may = sub { my ($role, $resource) = @_; $reader->query_safe("SELECT session_auth.has_permission('$role', 'view', '$resource')") };
my $change = sub { $node->safe_psql('postgres', $_[0]) };
my $grant = sub { my ($role, $resource) = @_; "SELECT session_auth.grant_permission('$role', 'view', '$resource')" };

# a transaction that was open while another began and ended, and the reader followed that
foreach my $role (qw(SMALL LARGE))
{
	is($may->($role, 'late'), 'f', "$role: not yet");
	$early->query_safe('BEGIN; ' . $grant->($role, 'late'));
	$late->query_safe($grant->($role, 'soon'));
	is($may->($role, 'soon'), 't', "$role: what a later transaction granted");
	is($may->($role, 'late'), 'f', "$role: what is not committed is not granted");
	$early->query_safe('COMMIT');
	is($may->($role, 'late'), 't', "$role: what an earlier transaction granted when the later had ended");
}

# what is taken back leaves no trace in the table
foreach my $role (qw(SMALL LARGE))
{
	$reader->query_safe('BEGIN; SAVEPOINT a');
	is($may->($role, 'mine'), 'f', "$role: before");
	$reader->query_safe($grant->($role, 'mine'));
	is($may->($role, 'mine'), 't', "$role: one's own grant");
	$reader->query_safe('ROLLBACK TO a');
	is($may->($role, 'mine'), 'f', "$role: … rolled back to a savepoint");
	$reader->query_safe($grant->($role, 'mine') . "; SELECT session_auth.has_permission('$role', 'view', 'mine')");
	$reader->query_safe('ROLLBACK');
	is($may->($role, 'mine'), 'f', "$role: … and with the transaction");
}
is($may->('LARGE', 'second'), 'f', 'before two changes of a transaction');
$reader->query_safe('BEGIN; ' . $grant->('SMALL', 'first'));
$late->query_safe($grant->('SMALL', 'between'));
is($may->('SMALL', 'first'), 't', 'a first change of a transaction');
$reader->query_safe($grant->('LARGE', 'second'));
$reader->query_safe('COMMIT');
is($may->('LARGE', 'second'), 't', '… and one after it');

# the record itself is deleted: before anybody has read it, or all of it
is($may->('SMALL', 'thing:2'), 'f', 'before a deletion');
$change->($grant->('SMALL', 'thing:2') . '; DELETE FROM session_auth.permission_changes');
is($may->('SMALL', 'thing:2'), 't', 'a change whose record was deleted');
$change->($grant->('SMALL', 'thing:3') . '; TRUNCATE session_auth.permission_changes');
is($may->('SMALL', 'thing:3'), 't', '… or truncated');
$change->($grant->('SMALL', 'thing:4'));
$change->('SET session_replication_role = replica; DELETE FROM session_auth.permission_changes');
is($may->('SMALL', 'thing:4'), 't', '… or deleted as a replica');
$change->($grant->('SMALL', 'thing:5') . '; SELECT session_auth.purge_sessions()');
is($may->('SMALL', 'thing:5'), 't', '… or purged');

# another server's numbers of transactions say nothing here
$change->(q{INSERT INTO session_auth.permission_changes (xid, role) SELECT '1000000000', 'SMALL'});
is($node->safe_psql('postgres', q{SELECT count(*) FROM session_auth.permission_changes WHERE xid = '1000000000'}), 0, 'a record of another transaction is not stored');

# more than is recorded one by one, of one role and of many
is($may->('SMALL', 'many:900'), 'f', 'before many changes');
$change->(q{INSERT INTO session_auth.permissions SELECT 'SMALL', 'view', 'many:' || n, false FROM generate_series(1, 1000) n});
is($may->('SMALL', 'many:900'), 't', 'the last of many');
$change->(q{DELETE FROM session_auth.permissions WHERE resource LIKE 'many:%'});
is($may->('SMALL', 'many:900'), 'f', '… and gone');
is($may->('OTHER', 'thing:1'), 'f', 'before many roles change');
$change->(q{INSERT INTO session_auth.roles SELECT 'R' || n FROM generate_series(1, 600) n; INSERT INTO session_auth.permissions SELECT r.role, 'view', 'thing:1', false FROM session_auth.roles r WHERE r.role LIKE 'R%' OR r.role = 'OTHER'});
is($may->('OTHER', 'thing:1'), 't', 'one of many roles');

# what is known in part: answers of the index, and none
is($may->('LARGE', 'thing:7'), 't', 'an answer is remembered');
$change->(q{SELECT session_auth.deny_permission('LARGE', 'view', 'thing:*')});
is($may->('LARGE', 'thing:7'), 'f', '… until a pattern denies it');
$change->(q{SELECT session_auth.revoke_permission('LARGE', 'view', 'thing:*')});
is($may->('LARGE', 'thing:7'), 't', '… no more');
$change->(q{SELECT session_auth.deny_permission('LARGE', '*', '*')});
is($may->('LARGE', 'thing:7'), 'f', 'a denial of everything');
$change->(q{SELECT session_auth.revoke_permission('LARGE', '*', '*')});
is($may->('LARGE', 'thing:7'), 't', '… taken back');
$reader->query_safe(q{SELECT session_auth.permitted_resources('LARGE', 'view') IS NULL});
$change->(q{UPDATE session_auth.permissions SET denied = true WHERE role = 'LARGE' AND resource = 'thing:7'});
is($may->('LARGE', 'thing:7'), 'f', 'one of what is known whole');
$change->(q{UPDATE session_auth.permissions SET denied = false WHERE role = 'LARGE' AND resource = 'thing:7'; SELECT session_auth.inherit_role('PARENT', 'LARGE'), session_auth.inherit_role('SMALL', 'PARENT')});
is($may->('SMALL', 'thing:7'), 't', 'what is inherited now');
$change->(q{SELECT session_auth.disinherit_role('PARENT', 'LARGE')});
is($may->('SMALL', 'thing:7'), 'f', '… and no more');

# a token may name a role before there is one, and after it is gone
$change->(q{SELECT session_auth.add_key('k', 'HS256', repeat('changes', 8), 'https://i', role_claim => 'roles')});
my $token = $node->safe_psql('postgres', q{SELECT session_auth.issue_token('judy', '1 hour', '{"roles": ["OTHER", "FUTURE"]}', 'k')});
my $may_both = sub { my ($resource) = @_; $reader->query_safe("SELECT session_auth.has_permission('view', '$resource')") };
$reader->query_safe("SELECT session_auth.authenticate('$token', 'connection')");
is($may_both->('thing:1'), 't', 'a token of two roles, of which there is one');
is($may_both->('new'), 'f', '… and nothing of the other');
$change->(q{SELECT session_auth.create_role('FUTURE'), session_auth.deny_permission('FUTURE', 'view', 'thing:1'), session_auth.grant_permission('FUTURE', 'view', 'new')});
is($may_both->('thing:1'), 'f', 'a role that is created denies at once');
is($may_both->('new'), 't', '… and grants');
$change->(q{SELECT session_auth.drop_role('FUTURE')});
is($may_both->('thing:1') . $may_both->('new'), 'tf', 'dropped, it does neither');
$change->(q{SELECT session_auth.create_role('FUTURE'), session_auth.deny_permission('FUTURE', 'view', 'thing:1')});
is($may_both->('thing:1'), 'f', '… until it is there again');

$_->quit foreach $reader, $early, $late;
$node->stop;
done_testing();
