# Instructions that callgrind counts in a single-user backend, which the machine's load does not
# move; sourced behind lib.sh, never run.
# shellcheck shell=bash

bin=$(pg_config --bindir)

# make_backend DIR: a data directory of its own there, as the cluster's has a server on it.
make_backend() {
    dir=$1
    install -d "$dir"
    [[ $EUID -ne 0 ]] || chown postgres: "$dir"
    in_dir "$bin/initdb" --pgdata="$dir/data" --auth=trust --username=postgres --no-sync >/dev/null
}

in_dir() {
    (cd "$dir" && "${unprivileged[@]}" "$@")
}

backend() {
    in_dir "$@" "$bin/postgres" --single -j -D "$dir/data" -c jit=off postgres
}

# One statement ends at an empty line, as single-user mode with -j wants it.
statements() {
    local statement
    for statement in "$@"; do
        printf '%s\n;\n\n' "$statement"
    done
}

# total FUNCTION CALLS STATEMENT: instructions within a function and all that it calls, in so many
# calls; of the whole backend where the function is empty.
total() {
    local function=$1 calls=$2 statement=$3
    statements "${statement//CALLS/$calls}" |
        backend valgrind --tool=callgrind --callgrind-out-file="$dir/out" \
            ${function:+--collect-atstart=no --toggle-collect="$function"} >/dev/null 2>"$dir/log" || true
    awk '/^(summary|totals):/ { total = $2 } END { print total }' "$dir/out"
    rm -f "$dir/out"
}

# per_call FUNCTION CALLS STATEMENT: the first calls fill caches, so it is what more calls cost more.
per_call() {
    local function=$1 calls=$2 statement=$3
    echo "$((($(total "$function" "$((3 * calls))" "$statement") - $(total "$function" "$calls" "$statement")) / (2 * calls)))"
}
