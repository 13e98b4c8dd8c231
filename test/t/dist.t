# A release as CONTRIBUTING.md has it, and the archive that `make dist` makes of its
# tag: unpacked, it builds, installs below DESTDIR and is the extension.
use strict;
use warnings;
use File::Temp qw(tempdir);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use OwnInstallation;

my $has_git = `git --version 2>/dev/null`;
plan skip_all => 'git is not installed' unless $has_git;

# Our caller is often make itself: its flags are not meant for others.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL GIT_DIR GIT_WORK_TREE)};
my $dir = tempdir(CLEANUP => 1);
my ($version) = slurp_file('session_auth.control') =~ /^default_version\s*=\s*'(.*)'/m;
@ENV{qw(HOME GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL)} = ($dir, 'tester', 'tester@example.org', 'tester', 'tester@example.org');

# What a command says, and whether it failed.
sub said
{
	my ($command) = @_;
	my $output = `cd $dir/checkout && { $command; } 2>&1`;
	return $? == 0 ? $output : "failed: $output";
}

sub done
{
	my ($command, $name) = @_;
	my $said = said($command);
	return unlike($said, qr/^failed/, $name) || diag($said);
}

mkdir "$dir/checkout";
system("tar --create --exclude=./tmp_check --exclude=./build --exclude='./sql/session_auth--*' --exclude='*.o' --exclude='*.so' --exclude='*.bc' . | tar --extract --directory=$dir/checkout") == 0 or die;
done('git init --quiet && git add --all && git commit --quiet --message=Before', 'a checkout');
like(said('make dist'), qr/^failed: v$version: there is no such tag/, 'nothing is released without a tag');
my $released = -e "sql/released/session_auth--$version.sql";
unless ($released)
{
	said("git tag v$version");
	like(said('make dist'), qr/^failed: v$version: it has no sql\/released\/session_auth--$version\.sql/, 'nor before its scripts are kept');
	said("git tag --delete v$version");
	done('scripts/release', 'scripts/release');
	done("git add sql CHANGELOG.md && git commit --quiet --message='Release $version' && git tag v$version", 'the commands of CONTRIBUTING.md');
}
done("git tag v$version", 'a tag') if $released;
done("echo later >>README.md && git commit --quiet --all --message=Later && make dist", 'make dist');
like(said('make dist'), qr/\/build\/session_auth-\Q$version\E\.zip$/m, '… says where it is, and can be repeated');
like(said('scripts/dist v0.0.9'), qr/^failed: v0\.0\.9: there is no such tag/, '… of a tag that there is');

# an unpacker that knows no modes, as some are
done("cd .. && python3 -m zipfile -e checkout/build/session_auth-$version.zip .", 'it unpacks');
my $unpacked = "$dir/session_auth-$version";
unlike(slurp_file("$unpacked/README.md"), qr/^later/m, 'into what the tag has');
my $installation = OwnInstallation->new($dir);
$installation->uninstall;
done("make --silent -j2 --directory=$unpacked WERROR=1 with_llvm=no all", 'it builds');
done("make --silent --directory=$unpacked with_llvm=no install DESTDIR=$dir", 'and installs below DESTDIR');

my $node = PostgreSQL::Test::Cluster->new('dist', install_path => $installation->path);
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
is($node->safe_psql('postgres', q{CREATE EXTENSION session_auth; SELECT extversion FROM pg_extension WHERE extname = 'session_auth'}), $version, 'it is the extension');
is($node->safe_psql('postgres', q{SELECT user_id FROM session_auth.verify_session((SELECT token FROM session_auth.create_session('alice')))}), 'alice', '… and works');
is($node->safe_psql('postgres', q{SELECT count(*) > 0 FROM pg_extension_update_paths('session_auth') WHERE path = source || '--' || target AND target = } . "'$version'"), 't', '… with ways from versions before');
$node->stop;
done_testing();
