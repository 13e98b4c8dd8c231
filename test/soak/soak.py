"""A soak: many clients that do everything at once, each of which knows what it
must see.

Every client has users, roles and a key of its own, so that the answer to each
of its questions is known although others change everything around it; and all
share some users whose sessions anybody ends at any time. Three clients of four
come through a pooler in transaction mode and are given another server
connection for each transaction; the others are connected directly.

    soak.py SECONDS CLIENTS PROCESSES SEED DIRECT_CONNINFO POOLED_CONNINFO

Prints JSON: how often each thing was done, every error that was not expected,
every anomaly, and the memory of each backend at the start, and after each
third of the time.
"""
import asyncio
import collections
import json
import multiprocessing
import random
import sys
import time

import psycopg
from psycopg import errors

SHARED_USERS = 8
GRACE = 2           # session_auth.rotation_grace of the server, in seconds
REFUSED = errors.InvalidAuthorizationSpecification
AUTHENTICATE = 'SELECT user_id FROM session_auth.authenticate(%s)'


class Session:
    def __init__(self, session_id, token):
        self.session_id = session_id
        self.token = token
        self.old = None         # the token before it, and when it was rotated


class User:
    def __init__(self, name, rows):
        self.name = name
        self.rows = rows
        self.sessions = []


class Client:
    def __init__(self, number, conninfo, direct, seed):
        self.number = number
        self.conninfo = conninfo
        self.direct = direct
        self.random = random.Random(seed)
        self.connection = None
        self.counts = collections.Counter()
        self.expected = collections.Counter()
        self.unexpected = []
        self.anomalies = []
        self.users = [User(f'u{number}-{k}', k + 1) for k in range(3)]
        self.role = f'R{number}'
        self.granted = False    # what self.role may do itself
        self.inherits = False   # and whether it inherits from P, which may
        self.shared_tokens = {}

    @property
    def may(self):
        return self.granted or self.inherits

    # ------------------------------------------------------------- the basics

    async def connect(self):
        # a statement that the driver prepares belongs to one server connection
        self.connection = await psycopg.AsyncConnection.connect(
            self.conninfo, autocommit=True, prepare_threshold=None)

    async def run(self, statement, parameters=None):
        return await self.connection.execute(statement, parameters)

    async def one(self, statement, parameters=None):
        row = await (await self.run(statement, parameters)).fetchone()
        return row[0] if row and len(row) == 1 else row

    def is_(self, what, got, wanted):
        if got != wanted:
            self.anomalies.append(f'client {self.number}, {what}: {got!r} instead of {wanted!r}')

    async def begin(self, level='READ COMMITTED'):
        await self.run(f'BEGIN ISOLATION LEVEL {level}; SET LOCAL plan_cache_mode = '
                       + self.random.choice(['force_generic_plan', 'force_custom_plan', 'auto']))

    async def end(self):
        await self.run(self.random.choice(['COMMIT', 'COMMIT', 'ROLLBACK']))

    async def refused(self, what, error, statement, parameters=None):
        """In a transaction or out of it, that must fail, and with this error."""
        try:
            await self.run(statement, parameters)
            self.anomalies.append(f'client {self.number}, {what}: not refused')
        except error:
            self.expected[what] += 1

    async def look(self, what, user):
        """Who am I, and are all the rows that I see mine?"""
        self.is_(what, await self.one('SELECT session_auth.user_id()'), user and user.name)
        rows = await (await self.run('SELECT owner, id FROM items')).fetchall()
        self.is_(what + ': rows', [row[0] for row in rows], [user.name] * user.rows if user else [])

    async def session(self, user):
        if not user.sessions or len(user.sessions) < 5 and self.random.random() < 0.1:
            row = await self.one('SELECT session_id, token FROM session_auth.create_session(%s)', [user.name])
            user.sessions.append(Session(*row))
            self.counts['create_session'] += 1
        return self.random.choice(user.sessions)

    async def is_gone(self, what, token):
        self.is_(what, await self.one('SELECT count(*) FROM session_auth.verify_session(%s)', [token]), 0)

    # ------------------------------------------------------- what a client does

    async def request(self, user):
        session = await self.session(user)
        await self.begin(self.random.choice(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']))
        self.is_('authenticate', await self.one(AUTHENTICATE, [session.token]), user.name)
        await self.look('request', user)
        self.is_('session_id', await self.one('SELECT session_auth.session_id()'), session.session_id)
        self.is_('has_permission', await self.one("SELECT session_auth.has_permission('do', 'it')"), self.may)
        await self.end()

    async def nobody(self, user):
        await self.look('outside a transaction', None)
        await self.begin()
        await self.look('nobody', None)
        self.is_('is_authenticated', await self.one('SELECT session_auth.is_authenticated()'), False)
        await self.end()

    async def write(self, user):
        session = await self.session(user)
        other = self.users[self.users.index(user) - 1]
        await self.begin()
        await self.one(AUTHENTICATE, [session.token])
        row = await self.one('INSERT INTO items (owner) VALUES (%s) RETURNING id', [user.name])
        self.is_('UPDATE of all', (await self.run('UPDATE items SET owner = owner')).rowcount, user.rows + 1)
        self.is_('DELETE', (await self.run('DELETE FROM items WHERE id = %s', [row])).rowcount, 1)
        self.is_('DELETE of another user\'s', (await self.run('DELETE FROM items WHERE owner = %s', [other.name])).rowcount, 0)
        await self.run('SAVEPOINT s')
        await self.refused('a row for another user', errors.InsufficientPrivilege,
                           'INSERT INTO items (owner) VALUES (%s)', [other.name])
        await self.run('ROLLBACK TO s')
        await self.look('after a refused INSERT', user)
        await self.end()

    async def savepoints(self, user):
        first = await self.session(user)
        other = self.users[self.users.index(user) - 1]
        second = await self.session(other)
        await self.begin()
        await self.one(AUTHENTICATE, [first.token])
        await self.run('SAVEPOINT s')
        await self.one(AUTHENTICATE, [second.token])
        await self.look('in a savepoint', other)
        await self.run('ROLLBACK TO s')
        await self.look('after a savepoint', user)
        await self.refused('a bad token', REFUSED, AUTHENTICATE, ['no token at all'])
        await self.run('ROLLBACK TO s')
        await self.look('after a refused token', user)
        await self.end()

    async def cursor(self, user):
        session = await self.session(user)
        await self.begin()
        await self.one(AUTHENTICATE, [session.token])
        await self.run('DECLARE c CURSOR FOR SELECT owner FROM items')
        self.is_('FETCH', await self.one('FETCH c'), user.name)
        await self.refused('authenticate beside a cursor', errors.ObjectNotInPrerequisiteState,
                           AUTHENTICATE, [session.token])
        await self.run('ROLLBACK')

    async def failure(self, user):
        session = await self.session(user)
        await self.begin()
        await self.one(AUTHENTICATE, [session.token])
        await self.refused('an error', errors.DivisionByZero, 'SELECT 1 / 0 FROM items')
        await self.end()
        await self.look('after an error', None)

    async def timeout(self, user):
        session = await self.session(user)
        await self.begin()
        await self.run(f"SET LOCAL statement_timeout = '{self.random.choice([1, 1, 2, 5])}ms'")
        try:
            await self.one(AUTHENTICATE, [session.token])
            await self.one('SELECT count(*) FROM items, generate_series(1, 100000)'
                           " WHERE session_auth.has_permission('do', 'it')")
            await self.run('ROLLBACK')
        except errors.QueryCanceled:
            self.expected['statement_timeout'] += 1
            await self.run('ROLLBACK')
        await self.look('after a timeout', None)

    async def vanish(self, user):
        session = await self.session(user)
        await self.begin()
        await self.one(AUTHENTICATE, [session.token])
        await self.look('before it vanishes', user)
        await self.connection.close()
        await self.connect()

    async def verify(self, user):
        session = await self.session(user)
        row = await self.one('SELECT user_id, session_id, roles FROM session_auth.verify_session(%s)', [session.token])
        self.is_('verify_session', row, (user.name, session.session_id, [self.role]))

    async def rotate(self, user):
        session = await self.session(user)
        if session.old is not None:
            token, at = session.old
            age = time.monotonic() - at
            if age < GRACE / 2:
                self.is_('a rotated token in its grace', await self.one(
                    'SELECT user_id FROM session_auth.verify_session(%s)', [token]), user.name)
            elif age > GRACE * 1.5:
                # theft: the session ends, whoever presents it
                if self.random.random() < 0.5:
                    await self.is_gone('a stolen token', token)
                else:
                    await self.refused('a stolen token', REFUSED, AUTHENTICATE, [token])
                user.sessions.remove(session)
                await self.is_gone('the session of a stolen token', session.token)
                self.counts['theft'] += 1
            return
        before = session.token
        session_id, session.token = await self.one(
            'SELECT session_id, token FROM session_auth.rotate_session(%s)', [before])
        session.old = before, time.monotonic()
        self.is_('rotate_session', session_id, session.session_id)
        self.is_('a second rotation', await self.one('SELECT token FROM session_auth.rotate_session(%s)', [before]), None)

    async def refresh(self, user):
        session = await self.session(user)
        self.is_('refresh_session', await self.one(
            'SELECT session_auth.refresh_session(%s) > now()', [session.token]), True)

    async def expire(self, user):
        session = await self.session(user)
        user.sessions.remove(session)
        if self.random.random() < 0.5:
            ended = await self.one('SELECT session_auth.expire_session(%s::uuid)', [session.session_id])
        else:
            ended = await self.one('SELECT session_auth.expire_session(%s::text)', [session.token])
        self.is_('expire_session', ended, True)
        await self.is_gone('an ended session', session.token)
        await self.refused('an ended session', REFUSED, AUTHENTICATE, [session.token])

    async def expire_all(self, user):
        gone, user.sessions = user.sessions, []
        self.is_('expire_user_sessions', await self.one(
            'SELECT session_auth.expire_user_sessions(%s)', [user.name]), len(gone))
        for session in gone:
            await self.is_gone('each ended session', session.token)

    async def sign_out(self, user):
        session = await self.session(user)
        scope = self.random.choice(['local', 'others', 'global'])
        keep = {'local': [s for s in user.sessions if s is not session], 'others': [session], 'global': []}[scope]
        gone = [s for s in user.sessions if s not in keep]
        await self.begin()
        await self.one(AUTHENTICATE, [session.token])
        self.is_('sign_out ' + scope, await self.one('SELECT session_auth.sign_out(%s)', [scope]), len(gone))
        await self.look('after sign_out', user if scope == 'others' else None)
        await self.run('COMMIT')
        user.sessions = keep
        for one in gone:
            await self.is_gone('a session signed out', one.token)

    async def devices(self, user):
        session = await self.session(user)
        await self.begin()
        await self.one(AUTHENTICATE, [session.token])
        for question in ('SELECT session_id FROM session_auth.my_sessions()',
                         f"SELECT session_id FROM session_auth.list_sessions('{user.name}')"):
            rows = await (await self.run(question)).fetchall()
            self.is_(question, {row[0] for row in rows}, {s.session_id for s in user.sessions})
        await self.end()

    async def impersonate(self, user):
        await self.begin()
        await self.run('SELECT session_auth.impersonate(%s, reason => %s)', [user.name, 'soak'])
        await self.look('impersonate', user)
        await self.run('SELECT session_auth.deauthenticate()')
        await self.look('deauthenticate', None)
        await self.end()

    async def connection_scope(self, user):
        if not self.direct:
            return await self.request(user)
        session = await self.session(user)
        await self.run("SELECT session_auth.authenticate(%s, 'connection')", [session.token])
        await self.look('scope connection', user)
        await self.begin()
        await self.look('scope connection, in a transaction', user)
        await self.end()
        if self.random.random() < 0.5:
            user.sessions.remove(session)
            await self.run('SELECT session_auth.expire_session(%s::uuid)', [session.session_id])
        else:
            await self.run(self.random.choice(['SELECT session_auth.deauthenticate()', 'RESET ALL']))
        await self.look('after scope connection', None)

    async def permissions(self, user):
        """A change is seen by the next statement, wherever it runs."""
        has = f"SELECT session_auth.has_permission('{self.role}', 'do', 'it')"
        if self.random.random() < 0.5:
            change = 'revoke_permission' if self.granted else 'grant_permission'
            self.is_(change, await self.one(f'SELECT session_auth.{change}(%s, %s, %s)', [self.role, 'do', 'it']), True)
            self.granted = not self.granted
        else:
            change = 'disinherit_role' if self.inherits else 'inherit_role'
            await self.run(f'SELECT session_auth.{change}(%s, %s)', [self.role, 'P'])
            self.inherits = not self.inherits
        after = self.may
        self.is_('has_permission after a change', await self.one(has), after)
        await self.begin('REPEATABLE READ')
        self.is_('has_permission', await self.one(has), after)
        await self.run("SELECT session_auth.deny_permission(%s, '*', '*')", [self.role])
        self.is_('has_permission after a denial', await self.one(has), False)
        await self.run('ROLLBACK')
        self.is_('has_permission after ROLLBACK', await self.one(has), after)

    async def roles(self, user):
        name = f'T{self.number}-{self.random.randrange(1 << 40)}'
        await self.run('SELECT session_auth.create_role(%s, %s)', [name, ['P']])
        self.is_('grant_role', await self.one('SELECT session_auth.grant_role(%s, %s, %s)', [user.name, name, 'acme']), True)
        session = await self.session(user)
        await self.begin()
        self.is_('roles of a tenant', await self.one(
            'SELECT roles FROM session_auth.authenticate(%s, tenant => %s)', [session.token, 'acme']), [self.role, name])
        self.is_('has_role', await self.one('SELECT session_auth.has_role(%s)', [name]), True)
        self.is_('permission of a tenant', await self.one("SELECT session_auth.has_permission('do', 'it')"), True)
        await self.end()
        if self.random.random() < 0.5:
            self.is_('revoke_role', await self.one('SELECT session_auth.revoke_role(%s, %s, %s)', [user.name, name, 'acme']), True)
        await self.run('SELECT session_auth.drop_role(%s)', [name])
        self.is_('roles after drop_role', await self.one(
            'SELECT roles FROM session_auth.verify_session(%s, %s)', [session.token, 'acme']), [self.role])

    async def signed(self, user):
        name = f'j{self.number}'
        token = await self.one('SELECT session_auth.issue_token(%s, %s, %s::jsonb, %s)',
                               [name, '5 minutes', '{"role": "P"}', 'shared'])
        await self.begin()
        self.is_('a signed token', await self.one(
            'SELECT user_id, roles FROM session_auth.authenticate(%s)', [token]), (name, ['P']))
        jti = await self.one("SELECT session_auth.claim('jti')")
        self.is_('its permission', await self.one("SELECT session_auth.has_permission('do', 'it')"), True)
        await self.end()
        await self.run('SELECT session_auth.revoke_token(%s, %s, now() + %s::interval)', [jti, 'https://soak', '1 minute'])
        await self.is_gone('a revoked token', token)

    async def keys(self, user):
        kid = f'k{self.number}'
        secret = '%064x' % self.random.randrange(1 << 256)
        await self.run("SELECT session_auth.add_key(%s, 'HS256', %s, 'https://soak', role_claim => 'role')", [kid, secret])
        token = await self.one('SELECT session_auth.issue_token(%s, %s, %s::jsonb, %s)',
                               [f'j{self.number}', '1 minute', '{"role": "P"}', kid])
        self.is_('a token of a new key', await self.one(
            'SELECT user_id FROM session_auth.verify_session(%s)', [token]), f'j{self.number}')
        self.is_('drop_key', await self.one("SELECT session_auth.drop_key(%s, 'https://soak')", [kid]), True)
        await self.is_gone('a token of a dropped key', token)

    async def administrate(self, user):
        await self.run(self.random.choice([
            'SELECT session_auth.export_permissions()',
            'SELECT count(*) FROM session_auth.list_permissions()',
            f"SELECT * FROM session_auth.explain_permission('{self.role}', 'do', 'it')",
            f"SELECT session_auth.permitted_resources('{self.role}', 'do')",
            'SELECT count(*) FROM session_auth.check_policies()',
            'SELECT count(*) FROM session_auth.list_keys()',
            f"""SELECT session_auth.import_permissions('{{"S{self.random.randrange(4)}": ["a:{self.random.randrange(50)}"]}}')""",
            f"SELECT session_auth.revoke_permission('P', 'a', '{self.random.randrange(50)}')",
            f"SELECT session_auth.grant_permission('P', 'a', '{self.random.randrange(50)}')",
            f"SELECT session_auth.has_permission('P', 'made up', '{self.random.random()}')",
        ]))

    async def purge(self, user):
        await self.run('SELECT session_auth.purge_sessions(%s)', [self.random.choice([1, 100, 10000])])

    async def shared(self, user):
        """Users whose sessions anybody ends: right, or refused, never another."""
        name = f's{self.random.randrange(SHARED_USERS)}'
        what = self.random.random()
        token = self.shared_tokens.get(name)
        if token is None or what < 0.2:
            self.shared_tokens[name] = await self.one('SELECT token FROM session_auth.create_session(%s)', [name])
        elif what < 0.25:
            await self.run('SELECT session_auth.expire_user_sessions(%s)', [name])
            await self.is_gone('a shared session that ended', token)
        else:
            try:
                await self.begin()
                self.is_('shared', await self.one(AUTHENTICATE, [token]), name)
                self.is_('shared, user_id', await self.one('SELECT session_auth.user_id()'), name)
                if what < 0.35:
                    await self.run('SELECT session_auth.sign_out(%s)', [self.random.choice(['local', 'others', 'global'])])
                elif what < 0.45:
                    token = await self.one('SELECT coalesce(r.token, t) FROM (VALUES (%s)) v (t), session_auth.rotate_session(t) r', [token])
                elif what < 0.55:
                    await self.run('SELECT session_auth.refresh_session(%s)', [token])
                await self.run('COMMIT')
                self.shared_tokens[name] = token
            except REFUSED:
                self.expected['a shared session that has ended'] += 1
                self.shared_tokens[name] = None
                await self.run('ROLLBACK')

    KINDS = {request: 30, nobody: 8, write: 6, savepoints: 6, cursor: 2, failure: 4, timeout: 1, vanish: 0.05,
             verify: 6, rotate: 6, refresh: 3, expire: 4, expire_all: 1, sign_out: 3, devices: 2, impersonate: 2,
             connection_scope: 4, permissions: 6, roles: 2, signed: 3, keys: 0.5, administrate: 4, purge: 1, shared: 12}

    async def work(self, until):
        while time.monotonic() < until:
            kind = self.random.choices(list(self.KINDS), list(self.KINDS.values()))[0]
            self.counts['transactions'] += 1
            self.counts[kind.__name__] += 1
            try:
                await kind(self, self.random.choice(self.users))
            except errors.SerializationFailure:
                # who asks for SERIALIZABLE repeats
                self.expected['serialization failure'] += 1
                await self.run('ROLLBACK')
            except psycopg.Error as error:
                self.unexpected.append(f'client {self.number}, {kind.__name__}: {error.sqlstate} {error}')
                if self.connection.closed:
                    await self.connect()
                elif self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    await self.run('ROLLBACK')
                # what it knows of its sessions may be wrong now
                for user in self.users:
                    user.sessions = []
                    await self.run('SELECT session_auth.expire_user_sessions(%s)', [user.name])


# ---------------------------------------------------------------------- memory

def resident(pid):
    """Private memory in kB: shared buffers that were touched do not count."""
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        return next(int(line.split()[1]) for line in status if line.startswith('RssAnon:'))


async def sample(clients, barrier):
    """Every client at once, so that a pooler uses all its server connections."""
    async def one(client):
        await barrier()
        await client.begin()
        pid, contexts = await client.one('SELECT pg_backend_pid(), sum(total_bytes)::bigint FROM pg_backend_memory_contexts')
        await client.run('SELECT pg_sleep(0.05)')
        await client.run('COMMIT')
        return pid, [client.direct, contexts // 1024, resident(pid)]
    return dict(await asyncio.gather(*(one(client) for client in clients)))


async def run_clients(numbers, seconds, seed, direct, pooled, meeting):
    clients = []
    for number in numbers:
        is_direct = number % 4 == 3
        clients.append(Client(number, direct if is_direct else pooled, is_direct, seed + number))
        await clients[-1].connect()

    met = None

    async def barrier():
        nonlocal met
        if met is None:
            met = asyncio.get_running_loop().run_in_executor(None, meeting.wait)
        await asyncio.shield(met)
    samples = []
    for duration in (0, seconds / 3, seconds / 3, seconds / 3):
        until = time.monotonic() + duration
        await asyncio.gather(*(client.work(until) for client in clients))
        met = None
        samples.append(await sample(clients, barrier))
    for client in clients:
        await client.connection.close()
    return ([sum((getattr(client, what) for client in clients), collections.Counter())
             for what in ('counts', 'expected')],
            [text for client in clients for text in client.unexpected],
            [text for client in clients for text in client.anomalies], samples)


def run_process(*arguments):
    return asyncio.run(run_clients(*arguments))


def main():
    seconds, clients, processes, seed = float(sys.argv[1]), *map(int, sys.argv[2:5])
    direct, pooled = sys.argv[5:]
    with multiprocessing.Manager() as manager, multiprocessing.Pool(processes) as pool:
        meeting = manager.Barrier(processes)
        results = pool.starmap(run_process, [
            (range(clients)[process::processes], seconds, seed, direct, pooled, meeting)
            for process in range(processes)])
    counts, expected = (sum((result[0][i] for result in results), collections.Counter()) for i in (0, 1))
    memory = [{pid: value for result in results for pid, value in result[3][i].items()} for i in range(4)]
    print(json.dumps({'seed': seed, 'counts': counts, 'expected': expected,
                      'unexpected': [text for result in results for text in result[1]],
                      'anomalies': [text for result in results for text in result[2]],
                      'memory': memory}))


if __name__ == '__main__':
    main()
