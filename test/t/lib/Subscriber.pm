# What the tests of logical replication share that have a publisher and a subscriber, with a
# subscription of each database's own name: settings, and how both are asked.
package Subscriber;

use strict;
use warnings;
use parent 'Exporter';
use Test::More;

our @EXPORT = qw(subscribing_conf replicates here there copied applied who fails unsubscribe);

my ($publisher, $subscriber);

# Lines of postgresql.conf for both.
sub subscribing_conf
{
	return ('wal_level = logical', 'max_wal_senders = 20', 'max_replication_slots = 20', 'wal_retrieve_retry_interval = 100ms', 'max_logical_replication_workers = 20',
		'max_worker_processes = 30', 'max_sync_workers_per_subscription = 10', 'autovacuum = off');
}

# From which server to which.
sub replicates { ($publisher, $subscriber) = @_; return; }

sub here { my ($database, $statement) = @_; return $subscriber->safe_psql($database, $statement) }
sub there { my ($database, $statement) = @_; return $publisher->safe_psql($database, $statement) }
sub copied { my ($database) = @_; return $subscriber->wait_for_subscription_sync($publisher, $database, $database) }
sub applied { my ($database, $statement) = @_; my $answer = there($database, $statement); $publisher->wait_for_catchup($database); return $answer }
sub who { return "SELECT coalesce((SELECT user_id FROM session_auth.verify_session('$_[0]')), 'nobody')" }

# What a worker of the subscriber fails with, again and again, since a place in its log.
sub fails
{
	my ($error, $name, $since) = @_;
	ok(eval { $subscriber->wait_for_log($error, $since); 1 }, $name);
	return;
}

# Ends a database's subscriptions, also when the publisher cannot be asked to drop a slot.
sub unsubscribe
{
	my ($database, @subscriptions) = @_;
	here($database, "ALTER SUBSCRIPTION $_ DISABLE; ALTER SUBSCRIPTION $_ SET (slot_name = NONE); DROP SUBSCRIPTION $_") foreach @subscriptions;
	return;
}

1;
