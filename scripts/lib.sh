# What several scripts share; sourced, never run.
# shellcheck shell=bash disable=SC2034

# as_root CMD...: runs it as root, through sudo when need be.
as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "this needs root or sudo: $*" >&2
        return 1
    fi
}

# PostgreSQL refuses to run as root; as root, its Debian system user does.
unprivileged=()
if [[ $EUID -eq 0 ]]; then
    unprivileged=(runuser -u postgres --)
fi

# copy_server DIR: a copy of PostgreSQL below DIR, first in PATH from then on. PostgreSQL finds
# its files by where its programs are, so a copy is a server of its own, as long as the
# directories lie to each other as they did.
copy_server() {
    local dir=$1 what from config=${PG_CONFIG:-pg_config} bin
    bin=$($config --bindir)
    for what in libdir pkglibdir bindir sharedir includedir; do
        from=$($config --$what)
        mkdir -p "$dir$from"
        case $what in
            libdir) ;;
            *) cp -a "$from/." "$dir$from/" ;;
        esac
    done
    PATH=$dir$bin:$PATH
    # make would build for what this names
    unset PG_CONFIG
}
