#!/usr/bin/env bash
# asyncpg's pool takes back what init has set, and leaves the role that the borrower before has taken.
#
# Versions: asyncpg 0.27.0 of Debian 12 (package python3-asyncpg), PostgreSQL 15.
# Behaviour: a connection that comes back to the pool is sent RESET ALL. That leads settings back to what they were when the
# connection was made, before init was called; but role and session_authorization, which SET and SHOW have like the others, it
# passes over. DISCARD ALL takes these back, too.
# Seen: init sets app.tenant, the first borrower SET ROLE ada and app.user_id: ada, acme, ada
#       the next one is: ada, and tenant and user are empty; after DISCARD ALL: app
# Matters to: whoever lets SET ROLE say who asks, and sees that the pool resets connections: the next request is the last one's user.
# SET LOCAL ROLE ends with its transaction. And what init sets lasts for the first borrower: setup is called for each.
#
# Uses Debian's package as it is installed, starts a PostgreSQL of its own, and fails when it answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    exec scripts/with-cluster findings/asyncpg-pool-leaves-the-role.sh --started
fi

psql --no-psqlrc --quiet --command='CREATE ROLE app LOGIN' --command='CREATE ROLE ada' --command='GRANT ada TO app'

seen=$(PGUSER=app /usr/bin/python3 -B - <<'PY'
import asyncio
from importlib.metadata import version

import asyncpg

assert version('asyncpg') == '0.27.0', version('asyncpg')
WHO = """SELECT concat_ws(', ', 'role ' || current_user, 'tenant ' || quote_literal(current_setting('app.tenant', true)),
                          'user ' || quote_literal(current_setting('app.user_id', true)))"""


async def of_acme(connection):
    await connection.execute("SET app.tenant = 'acme'")


async def run():
    async with asyncpg.create_pool(min_size=1, max_size=1, init=of_acme, statement_cache_size=0) as pool:
        async with pool.acquire() as connection:
            await connection.execute("SET ROLE ada; SET app.user_id = 'ada'")
            print('first:', await connection.fetchval(WHO))
        async with pool.acquire() as connection:
            print('next:', await connection.fetchval(WHO))
            await connection.execute('DISCARD ALL')
            print('after DISCARD ALL:', await connection.fetchval(WHO))

asyncio.run(run())
PY
)
expected="first: role ada, tenant 'acme', user 'ada'
next: role ada, tenant '', user ''
after DISCARD ALL: role app, tenant '', user ''"
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
