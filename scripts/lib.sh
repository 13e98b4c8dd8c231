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

# apt_get ARG...: runs it as root, without questions, and says what it said only when
# it failed. While somebody else's apt-get holds a lock it waits, up to ten minutes:
# the setting is for dpkg's lock alone, the lists' is simply asked for again.
apt_get() {
    local output status deadline=$((SECONDS + 600))
    while true; do
        status=0
        output=$(as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq -o DPkg::Lock::Timeout=600 "$@" 2>&1 </dev/null) || status=$?
        [[ $status -ne 0 && $output == *'Could not get lock'* && $SECONDS -lt $deadline ]] || break
        sleep 2
    done
    [[ $status -eq 0 ]] || printf '%s\n' "$output" >&2
    return "$status"
}

# extension_version: the one that this checkout is of.
extension_version() {
    sed -n "s/^default_version *= *'\(.*\)'/\1/p" session_auth.control
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

# test_of_mutation TEST: the file of what test/attacks/mutations calls so, an attack's name or a
# test's path.
test_of_mutation() {
    if [[ $1 == */* ]]; then echo "$1"; else echo "test/attacks/$1"; fi
}
