# What the parts of the benchmark share; sourced, never run.
# shellcheck shell=bash disable=SC2034

. ../scripts/lib.sh

results=$(cd .. && pwd)/build/bench

# Sizes of the full run. Ratios do not need them, caches and indexes do.
size=full
rows=1000000
few_rows=20000
few_sessions=1000
many_sessions=1000000
rounds=11
calls=50000
huge_sessions=10000000
growth_permissions='{10,1000,100000,1000000}'
growth_rounds=5
partitions=40
partition_rounds=5

use_quick_sizes() {
    size=quick
    rows=100000
    few_rows=2000
    many_sessions=100000
    rounds=5
    calls=20000
    huge_sessions=0
    growth_permissions='{10,1000,100000}'
    growth_rounds=3
    partitions=10
    partition_rounds=1
}

# Parts that are programs of their own are told the size, and how many rounds.
restore_settings() {
    [[ ${BENCH_SIZE:-full} != quick ]] || use_quick_sizes
    rounds=${BENCH_ROUNDS:-$rounds}
}

# sql FILE [ARG...]: runs a file of SQL, with the sizes as psql variables.
sql() {
    local file=$1
    shift
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --output=/dev/null --file="$file" \
        --set=floor="$PGHOST/floor.so" --set=partitions="$partitions" --set=results="$results" --set=rows="$rows" --set=few_rows="$few_rows" \
        --set=few_sessions="$few_sessions" --set=many_sessions="$many_sessions" --set=huge_sessions="$huge_sessions" \
        --set=rounds="$rounds" --set=calls="$calls" \
        --set=growth_permissions="'$growth_permissions'" --set=growth_rounds="$growth_rounds" "$@"
}

# measure_part PART: a program of its own, or a file of SQL.
measure_part() {
    if [[ -x $1 ]]; then
        "./$1"
    else
        sql "$1.sql"
    fi
}

# query SQL: prints its rows, columns separated by tabs.
query() {
    psql --no-psqlrc --quiet --no-align --tuples-only --field-separator=$'\t' --set=ON_ERROR_STOP=1 --command="$1"
}

# pgbench_rates SECONDS CLIENTS ARG...: transactions per second and mean latency
# in milliseconds, after a time in which connections warm up, which is longer the
# more there are, and before a last second, which pgbench may not report; what went
# wrong goes to stderr.
pgbench_rates() {
    local seconds=$1 clients=$2 warmup
    shift 2
    warmup=$((1 + clients / 20))
    pgbench --no-vacuum --jobs=1 --time="$((warmup + seconds + 1))" --progress=1 --client="$clients" \
        --define=sessions="$few_sessions" "$@" 2>&1 |
        awk -v warmup="$warmup" -v seconds="$seconds" '/^progress:/ && ++lines > warmup && n < seconds { n++; tps += $4; latency += $7 }
             /error/ && !failed++ { print > "/dev/stderr" }
             END { if (n > 0) printf "%.1f\t%.3f\n", tps / n, latency / n; else print "\t" }'
}

# The floor's module is loaded from the cluster's own directory: the server
# runs as a user that may not read the checkout.
floor=$PGHOST/floor.so

build_floor() {
    local dir=$results/floor
    mkdir -p "$dir"
    # make may have called us: its flags are not meant for this one
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --silent -C "$dir" -f "$PWD/floor.mk" with_llvm=no floor.so
    install -m 755 "$dir/floor.so" "$PGHOST/floor.so"
}

# Does the server's shared memory lie in huge pages? (It is the one server here.)
pages_in_use() {
    printf 'huge\n%s\n' "$(awk '/^HugePages_(Total|Rsvd)/ { pages += $2 } /^HugePages_Free/ { pages -= $2 }
        END { print (pages > 0 ? "yes" : "no") }' /proc/meminfo)"
}

prepare() {
    build_floor
    query 'CREATE EXTENSION session_auth; CREATE SCHEMA bench'
    sql measure.sql
    sql fixtures.sql
    sql peers.sql
}

# What a part measures today's build beside: the state of the last release, or
# BENCH_BASELINE, a revision or "none". Without the repository's history there is none.
baseline_revision() {
    local begun
    if [[ -n ${BENCH_BASELINE:-} ]]; then
        echo "$BENCH_BASELINE"
    elif begun=$(git log --max-count=1 --format=%H --grep='^Begin 0\.2\.0' 2>/dev/null) && [[ -n $begun ]]; then
        git rev-parse --verify --quiet "$begun^" || echo none
    else
        echo none
    fi
}

has_baseline() {
    [[ -n ${BASELINE_PGHOST:-} ]]
}

# in_baseline CMD...: the function or program in the cluster of the other build (see
# baseline), with results in a folder of its own; nothing when there is no other.
in_baseline() (
    has_baseline || return 0
    export PGHOST=$BASELINE_PGHOST PATH=$BASELINE_PATH
    unset PG_CONFIG
    results=$results/baseline
    mkdir -p "$results"
    "$@"
)

# table FILE SQL: a result file, with its header.
table() {
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
        --command="COPY ($2) TO STDOUT (FORMAT csv, HEADER, DELIMITER E'\t')" >"$results/$1"
}

# save_samples PART: what that part has sampled inside the server.
save_samples() {
    table "samples.$1.tsv" 'SELECT * FROM bench.medians ORDER BY part, x, item'
    query 'TRUNCATE bench.samples'
}
