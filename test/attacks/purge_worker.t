# Attack: have the worker that purges run something of one's own, as whom it runs: by a
# schema of the extension's name in a database that has no extension, by functions that
# are no part of it, or by a search_path of the database's.
# Holds: what does not belong to the extension is not called.
# Guards: src/maintenance/worker.c, find_owner().
# Also: test/t/purge_worker.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('purge_worker_attack', "shared_preload_libraries = 'session_auth'", 'session_auth.purge_interval = 1', 'autovacuum = off');
my $fake = q{
	CREATE FUNCTION %1$s.purge_ended(int, timestamptz, tid, OUT deleted bigint, OUT reached timestamptz, OUT reached_place tid) LANGUAGE sql AS 'INSERT INTO public.called VALUES (current_user); SELECT 0, now(), ''(0,0)''::tid';
	CREATE FUNCTION %1$s.purge_old(int) RETURNS bigint LANGUAGE sql AS 'INSERT INTO public.called VALUES (current_user); SELECT 0'};
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(schema owned path);
$node->safe_psql($_, 'CREATE TABLE public.called (by text); GRANT ALL ON public.called TO PUBLIC') foreach qw(schema owned path);

# no extension, and its schema
$node->safe_psql('schema', 'CREATE SCHEMA session_auth; ' . sprintf $fake, 'session_auth');
# the extension, of which the functions are no part any more
$node->safe_psql('owned', q{
	CREATE EXTENSION session_auth; SET session_auth.guard_protection = off;
	ALTER EXTENSION session_auth DROP FUNCTION session_auth.purge_ended(int, timestamptz, tid); ALTER EXTENSION session_auth DROP FUNCTION session_auth.purge_old(int);
	DROP FUNCTION session_auth.purge_ended(int, timestamptz, tid); DROP FUNCTION session_auth.purge_old(int);} . sprintf $fake, 'session_auth');
# the extension as it is, and names before it
$node->safe_psql('path', q{CREATE EXTENSION session_auth; CREATE SCHEMA evil;
	CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'INSERT INTO public.called VALUES (current_user); SELECT now()';
	CREATE FUNCTION evil.cardinality(anyarray) RETURNS int LANGUAGE sql AS 'INSERT INTO public.called VALUES (current_user); SELECT 0';
	ALTER DATABASE path SET search_path = evil, session_auth, pg_catalog; } . sprintf $fake, 'evil');
$node->safe_psql('path', q{SELECT session_auth.create_session('alice', '1 second') });
ok($node->poll_query_until('path', 'SELECT pg_catalog.count(*) = 0 FROM session_auth.sessions'), 'the worker has been at work');
sleep 3;
is($node->safe_psql($_, 'SELECT pg_catalog.count(*) FROM public.called'), '0', "$_: nothing but the extension's own is called") foreach qw(schema owned path);

$node->stop;
done_testing();
