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
