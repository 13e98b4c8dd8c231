# An installation of PostgreSQL of a test's own, in which it may replace the
# extension's files: PostgreSQL finds its files by where its programs are, so
# copies of these beside links to the rest are a server like the system's.
package OwnInstallation;

use strict;
use warnings;
use File::Basename qw(basename);
use File::Path qw(make_path);

# Like the one of that pg_config, below a directory.
sub new
{
	my ($class, $dir, $pg_config) = (@_, 'pg_config');
	my $self = bless {}, $class;
	foreach my $what (qw(bindir pkglibdir sharedir))
	{
		chomp(my $from = `$pg_config --$what`);
		$self->{$what} = "$dir$from";
		make_path($self->{$what});
		$self->_link($from, $self->{$what}, $what eq 'bindir');
	}
	chomp(my $from = `$pg_config --sharedir`);
	unlink "$self->{sharedir}/extension";
	make_path("$self->{sharedir}/extension");
	$self->_link("$from/extension", "$self->{sharedir}/extension", 0);
	($self->{path} = $self->{bindir}) =~ s{/bin$}{};
	return $self;
}

sub _link
{
	my ($self, $from, $to, $copied) = @_;
	system('cp', '-RLp', "$from/.", $to) == 0 or die "cannot copy $from" if $copied;
	foreach my $file ($copied ? () : glob "$from/*")
	{
		symlink($file, "$to/" . basename($file)) or die "cannot link to $file: $!";
	}
	return;
}

# What install_path of PostgreSQL::Test::Cluster wants.
sub path { return $_[0]->{path} }

# Without the extension.
sub uninstall
{
	my ($self) = @_;
	unlink glob("$self->{pkglibdir}/session_auth.so"), glob($self->extension_dir . '/session_auth*');
	return;
}

sub extension_dir { return "$_[0]->{sharedir}/extension" }

# A file as `make install` replaces one: who has the old one open keeps it.
sub install
{
	my ($self, $file, $content) = @_;
	my $path = $file =~ /\.so$/ ? "$self->{pkglibdir}/$file" : $self->extension_dir . "/$file";
	open(my $out, '>', "$path.new") or die "cannot write $path: $!";
	binmode $out;
	print $out $content;
	close $out or die "cannot write $path: $!";
	chmod 0755, "$path.new";
	rename "$path.new", $path or die "cannot write $path: $!";
	return;
}

1;
