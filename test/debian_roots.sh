# What test/deb, test/matrix, test/pg_upgrade, test/poolers and test/proofs share: Debian
# releases in roots of their own. Sourced in the checkout, never run; its users say
# `own_namespace "$@"` first.
# shellcheck shell=bash disable=SC2034
# shellcheck disable=SC2016 # $(RELEASE) and the like are apt's
#
# Each root is debootstrapped once into SESSION_AUTH_CACHE, outside the
# checkout, from the mirror and with the keys that apt uses here.

cache=${SESSION_AUTH_CACHE:-/var/cache/session_auth}

# own_namespace ARG...: runs the script anew in a mount and a process namespace
# of its own, and ends with it: however that is, its mounts and its processes
# are gone then. Does nothing within.
own_namespace() {
    local namespace status=0
    [[ -z ${IN_NAMESPACE:-} ]] || return 0
    [[ $EUID -eq 0 ]] || { echo "this needs root, for chroot and mount" >&2; exit 1; }
    command -v debootstrap >/dev/null || { echo "this needs the package debootstrap" >&2; exit 1; }
    # unshare itself lets no signal but this one end it, and takes its child along.
    trap 'kill -KILL "$namespace" 2>/dev/null || true' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    IN_NAMESPACE=yes unshare --mount --propagation private --pid --fork --kill-child \
        "$PWD/test/${0##*/}" "$@" &
    namespace=$!
    wait "$namespace" || status=$?
    exit "$status"
}

# debian_sources FORMAT: a line for each Debian source of packages that apt knows here.
debian_sources() {
    apt-get indextargets --format "$1" 'Created-By: Packages' 'Origin: Debian' 'Component: main'
}

# find_mirror: sets mirror and keyring. The archive itself has a dists/RELEASE
# for a plain name; updates and security have not.
find_mirror() {
    mirror=$(debian_sources '$(RELEASE) $(REPO_URI)' | sed -n 's/^[a-z]* //p' | head -1)
    [[ -n $mirror ]] || { echo "apt knows no Debian mirror here: run apt-get update" >&2; exit 1; }
    keyring=$(debian_sources '$(SIGNED_BY)' | grep -m1 '^/' || echo /usr/share/keyrings/debian-archive-keyring.gpg)
}

# logged LOG CMD...: runs it, with what it says in the file, whose end is shown when it fails;
# that ends the script. In the background, as before || set -e would be ignored within it.
logged() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 &
    wait $! || { tail -40 "$log" >&2; exit 1; }
}

in_root() {
    local root=$1
    shift
    env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive \
        ${CC:+"CC=$CC"} nice chroot "$root" "$@"
}

# major_of RELEASE: the major version to take where it is not the one that the
# release's package postgresql depends on.
major_of() {
    [[ $1 != experimental ]] || echo 19
}

# bootstrap RELEASE [NAME]: its root, $cache/NAME, made if it is not there yet,
# mounted and up to date. What is no release of its own begins as sid.
bootstrap() {
    local release=$1 root=$cache/${2:-$1} major script
    major=$(major_of "$release")
    [[ -z $major ]] || release=sid
    # debootstrap may be older than the release; Debian's all share one script.
    script=/usr/share/debootstrap/scripts/$release
    [[ -e $script ]] || script=/usr/share/debootstrap/scripts/sid
    if [[ ! -e $root/.complete ]]; then
        echo "making $root" >&2
        rm -rf --one-file-system "$root"
        mkdir -p "$root"
        nice debootstrap --variant=minbase --include=ca-certificates --keyring="$keyring" \
            "$release" "$root" "$mirror" "$script"
        touch "$root/.complete"
    fi
    mkdir -p "$root/dev/shm"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

    apt-config dump | grep -E '^Acquire::(https?::|Check-|Retries)' >"$root/etc/apt/apt.conf.d/99host" || true
    printf '%s\n' '#!/bin/sh' 'exit 101' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    [[ -z $major ]] || beside_experimental "$root" "$major"
    in_root "$root" apt-get update -qq
    in_root "$root" apt-get dist-upgrade -qq -y
    in_root "$root" apt-get install -qq -y make
    [[ -z $major ]] || repackage_pgtap "$root" "$major"
}

# beside_experimental ROOT MAJOR: PostgreSQL MAJOR comes from there, and nothing else does.
beside_experimental() {
    local root=$1 major=$2
    printf 'deb %s experimental main\n' "$mirror" >"$root/etc/apt/sources.list.d/experimental.list"
    printf '%s\n' "Package: src:postgresql-$major:any src:postgresql-common:any" \
        'Pin: release n=rc-buggy' 'Pin-Priority: 990' >"$root/etc/apt/preferences.d/experimental"
}

# repackage_pgtap ROOT MAJOR: pgTAP has no package for this major yet. It is SQL
# alone, so the files of the release's own major do, under the name that the new
# package will have.
repackage_pgtap() {
    local root=$1 major=$2
    # shellcheck disable=SC2016 # for the shell in the root
    in_root "$root" env "new=$major" sh -euc '
        ! dpkg-query -W "postgresql-$new-pgtap" >/dev/null 2>&1 || exit 0
        ! apt-cache show "postgresql-$new-pgtap" >/dev/null 2>&1 || exit 0
        old=$(apt-cache depends postgresql | sed -n "s/^ *Depends: postgresql-\\([0-9]*\\)\$/\\1/p" | head -1)
        cd "$(mktemp -d)"
        chmod 755 .
        apt-get download -qq "postgresql-$old-pgtap"
        dpkg-deb -R ./*.deb package
        mv "package/usr/share/postgresql/$old" "package/usr/share/postgresql/$new"
        sed -i -e "s/postgresql-$old/postgresql-$new/" -e "/^Depends:/d" package/DEBIAN/control
        rm -f package/DEBIAN/md5sums
        dpkg-deb --build package pgtap.deb
        dpkg -i pgtap.deb'
}
