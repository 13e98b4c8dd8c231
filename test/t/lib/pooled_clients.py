"""Many clients of two users behind a transaction pooler.

Each transaction knows whose it is, asks who it is and reads every account that
it may see, by plain queries and by statements that another client prepared; in
between some fail, roll back, leave without a word or say nothing of themselves.
Whoever sees another's rows or another's name is an anomaly.

    pooled_clients.py MODE CLIENTS TRANSACTIONS CONNINFO TOKEN_OF_ALICE TOKEN_OF_BOB [unprepared]

MODE is plain (a round trip a statement) or pipeline. Prints what happened as
lines of "name count", and each anomaly as a line of its own.
"""
import asyncio
import collections
import multiprocessing
import random
import sys

import psycopg

PROCESSES = 4
ROWS = {'alice': 3, 'bob': 5, None: 0}
# few vanish: a pooler takes its time to connect anew
KINDS = {'commit': 48, 'rollback': 12, 'error': 12, 'savepoint': 8, 'bad token': 5,
         'nobody': 15, 'vanish': 0.03}
AUTHENTICATE = 'SELECT user_id FROM session_auth.authenticate(%s)'
WHO = 'SELECT session_auth.user_id()'
SEEN = [
    'SELECT owner FROM accounts',
    'EXECUTE every_account',
    'EXECUTE accounts_above(0)',
]
# a pooler that prepares nothing on its server connections
if sys.argv[7:] == ['unprepared']:
    SEEN = SEEN[:1]


def check(anomalies, what, user, who, rows):
    owners = [row[0] for row in rows]
    if who != user or owners != [user] * ROWS[user]:
        anomalies.append(f'{what}: {user} is {who} and sees {owners}')


class Client:
    def __init__(self, conninfo, tokens, seed):
        self.conninfo = conninfo
        self.tokens = tokens
        self.random = random.Random(seed)
        self.connection = None
        self.counts = collections.Counter()
        self.anomalies = []

    async def connect(self):
        # a statement that a driver prepares by itself belongs to one server
        # connection; behind a pooler it must not
        self.connection = await psycopg.AsyncConnection.connect(
            self.conninfo, autocommit=True, prepare_threshold=None)

    async def one(self, statement, parameters=None):
        cursor = await self.connection.execute(statement, parameters)
        return (await cursor.fetchone())[0]

    async def look(self, what, user):
        rows = await (await self.connection.execute(self.random.choice(SEEN))).fetchall()
        check(self.anomalies, what, user, await self.one(WHO), rows)

    async def begin(self, user):
        await self.connection.execute(
            'BEGIN; SET LOCAL plan_cache_mode = ' +
            self.random.choice(['force_generic_plan', 'force_custom_plan', 'auto']))
        if user is not None:
            await self.one(AUTHENTICATE, [self.tokens[user]])

    async def plain(self, kind, user):
        if kind == 'nobody':
            await self.look('outside a transaction', None)
            await self.begin(None)
            await self.look('nobody', None)
            await self.connection.execute('COMMIT')
            return
        await self.begin(user)
        await self.look(kind, user)
        if kind == 'savepoint':
            other = 'bob' if user == 'alice' else 'alice'
            await self.connection.execute('SAVEPOINT s')
            await self.one(AUTHENTICATE, [self.tokens[other]])
            await self.look('in a savepoint', other)
            await self.connection.execute('ROLLBACK TO s')
            await self.look('after a savepoint', user)
        if kind == 'vanish':
            await self.connection.close()
            await self.connect()
            return
        try:
            if kind == 'error':
                await self.connection.execute('SELECT 1 / 0')
            if kind == 'bad token':
                await self.one(AUTHENTICATE, ['no such token, and no form of one'])
        except psycopg.Error:
            self.counts['errors'] += 1
        await self.connection.execute('COMMIT' if kind == 'commit' else 'ROLLBACK')

    async def pipeline(self, kind, user):
        if kind == 'savepoint':
            kind = 'commit'
        last = {'error': 'SELECT 1 / 0', 'rollback': 'ROLLBACK'}.get(kind, 'COMMIT')
        execute = self.connection.execute
        try:
            async with self.connection.pipeline():
                await execute('BEGIN')
                if kind == 'bad token':
                    await execute(AUTHENTICATE, ['no such token, and no form of one'])
                elif kind != 'nobody':
                    await execute(AUTHENTICATE, [self.tokens[user]])
                rows = await execute(self.random.choice(SEEN))
                who = await execute(WHO)
                await execute(last)
                after = await execute(WHO)
                rows, who, after = await rows.fetchall(), await who.fetchone(), await after.fetchone()
                check(self.anomalies, kind, None if kind == 'nobody' else user, who[0], rows)
                check(self.anomalies, 'after ' + kind, None, after[0], [])
        except psycopg.Error:
            self.counts['errors'] += 1
            if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                await self.connection.execute('ROLLBACK')
        if kind == 'vanish':
            await self.connection.execute('BEGIN')
            await self.one(AUTHENTICATE, [self.tokens[user]])
            await self.connection.close()
            await self.connect()

    async def work(self, mode, transactions):
        for _ in range(transactions):
            kind = self.random.choices(list(KINDS), list(KINDS.values()))[0]
            await getattr(self, mode)(kind, self.random.choice(['alice', 'bob']))
            self.counts['transactions'] += 1
            self.counts[kind] += 1
        await self.connection.close()


async def run_clients(numbers, mode, transactions, conninfo, tokens, seed):
    clients = [Client(conninfo, tokens, seed + number) for number in numbers]
    # one after another: a socket's queue of new connections may hold fewer
    for client in clients:
        await client.connect()
    await asyncio.gather(*(client.work(mode, transactions) for client in clients))
    return (sum((client.counts for client in clients), collections.Counter()),
            [anomaly for client in clients for anomaly in client.anomalies])


def run_process(*arguments):
    return asyncio.run(run_clients(*arguments))


def main():
    mode, clients, transactions, conninfo, alice, bob = sys.argv[1:7]
    clients, seed = int(clients), random.randrange(1 << 30)
    each = -(-int(transactions) // clients)
    tokens = {'alice': alice, 'bob': bob}
    shares = [range(clients)[process::PROCESSES] for process in range(PROCESSES)]
    with multiprocessing.Pool(PROCESSES) as pool:
        results = pool.starmap(
            run_process, [(share, mode, each, conninfo, tokens, seed) for share in shares])
    for name, count in sorted(sum((counts for counts, _ in results), collections.Counter()).items()):
        print(name, count)
    for _, anomalies in results:
        for anomaly in anomalies:
            print('anomaly', anomaly)
    print('seed', seed)


if __name__ == '__main__':
    main()
