"""Clients that change sessions until their server goes away, and a ledger of
what they were answered.

A client that got an answer holds the server to it, whatever happens to the
server afterwards: a token that it was given opens its user's session, and one
whose end was confirmed opens nothing. What was asked for without an answer may
have happened or not, but not by half.

    session_ledger.py CLIENTS SEED

reads commands, a line each, and answers each with a line of JSON:

    run CONNINFO KIND WHOM PID   changes sessions until the server is gone: once
                                 somebody is in the middle of a KIND (create,
                                 rotate, expire, purge), SIGKILL goes to WHOM:
                                 its backend, or the process PID
    work CONNINFO SECONDS        changes sessions for so long; nobody is killed
    check CONNINFO               holds the server to the ledger
"""
import asyncio
import collections
import json
import os
import random
import signal
import sys

import psycopg

KINDS = {'create': 40, 'rotate': 25, 'refresh': 5, 'expire': 20, 'purge': 5, 'expire all': 5}


class Session:
    def __init__(self, user, session_id, token):
        self.user = user
        self.session_id = session_id
        self.tokens = [token]       # the newest is the last; the others are in their grace
        self.state = 'live'         # or asked to end, ended
        self.frozen = False         # a rotation was not answered: not to be rotated again


class Client:
    def __init__(self, number, seed):
        self.number = number
        self.random = random.Random(seed)
        self.sessions = []
        self.connection = None
        self.pid = None
        self.doing = None
        self.counts = collections.Counter()
        self.unexpected = []

    async def one(self, statement, parameters=()):
        cursor = await self.connection.execute(statement, parameters)
        return await cursor.fetchone()

    def pick(self, rotatable=False):
        choice = [s for s in self.sessions if s.state == 'live' and not (rotatable and s.frozen)]
        return self.random.choice(choice) if choice else None

    async def create(self):
        user = f'user-{self.number}-{self.random.randrange(4)}'
        session_id, token = await self.one(
            'SELECT session_id, token FROM session_auth.create_session(%s)', [user])
        self.sessions.append(Session(user, session_id, token))

    async def rotate(self):
        session = self.pick(rotatable=True)
        if session is None:
            return await self.create()
        session.frozen = True
        token, = await self.one(
            'SELECT token FROM session_auth.rotate_session(%s)', [session.tokens[-1]])
        session.tokens.append(token)
        session.frozen = False

    async def refresh(self):
        session = self.pick()
        if session is not None and not session.frozen:
            await self.one('SELECT session_auth.refresh_session(%s)', [session.tokens[-1]])

    async def expire(self):
        session = self.pick()
        if session is None:
            return await self.create()
        session.state = 'asked to end'
        if self.random.random() < 0.5:
            ended, = await self.one('SELECT session_auth.expire_session(%s::uuid)', [session.session_id])
        else:
            ended, = await self.one('SELECT session_auth.expire_session(%s::text)', [session.tokens[-1]])
        session.state = 'ended'
        if not ended:
            self.unexpected.append(f'expire_session of a live session of {session.user} said false')

    async def expire_all(self):
        session = self.pick()
        if session is None:
            return
        all_of_them = [s for s in self.sessions if s.user == session.user and s.state == 'live']
        for one in all_of_them:
            one.state = 'asked to end'
        count, = await self.one('SELECT session_auth.expire_user_sessions(%s)', [session.user])
        for one in all_of_them:
            one.state = 'ended'
        # one that was created without an answer ends too
        if count < len(all_of_them):
            self.unexpected.append(f'{count} of {len(all_of_them)} sessions of {session.user} ended')

    async def purge(self):
        await self.one('SELECT session_auth.purge_sessions(%s)', [self.random.choice([1, 10, 1000])])

    async def work(self, conninfo, until):
        """Until the connection is lost, or for so long."""
        loop = asyncio.get_running_loop()
        try:
            self.connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
            self.pid = self.connection.info.backend_pid
            while until is None or loop.time() < until:
                kind = self.random.choices(list(KINDS), list(KINDS.values()))[0]
                self.doing = kind
                await getattr(self, kind.replace(' ', '_'))()
                self.doing = None
                self.counts[kind] += 1
            await self.connection.close()
        except Exception as error:
            # whatever a driver raises when its server is gone
            if self.connection is None or not self.connection.closed:
                self.unexpected.append(f'{self.doing}: {getattr(error, "sqlstate", None)} {error!r}')
            else:
                self.counts['unanswered'] += 1
        self.doing = None
        self.connection = None


class Ledger:
    def __init__(self, clients, seed):
        self.random = random.Random(seed)
        self.clients = [Client(number, seed + number) for number in range(clients)]

    async def kill(self, kind, whom, pid):
        # not while somebody is still connecting
        for _ in range(1000):
            if all(c.connection for c in self.clients):
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(self.random.uniform(0.05, 0.4))
        while True:
            busy = [c for c in self.clients if c.connection and c.doing == kind]
            if busy:
                if whom == 'backend':
                    pid = self.random.choice(busy).pid
                # a statement takes about as long
                await asyncio.sleep(self.random.choice([0, 0, 0.0005, 0.001, 0.002]))
                os.kill(pid, signal.SIGKILL)
                return
            await asyncio.sleep(0)

    def summary(self):
        counts = sum((c.counts for c in self.clients), collections.Counter())
        unexpected = [text for c in self.clients for text in c.unexpected]
        for client in self.clients:
            client.counts.clear()
            client.unexpected.clear()
        return {'counts': counts, 'unexpected': unexpected[:20]}

    async def run(self, conninfo, kind, whom, pid):
        work = asyncio.gather(*(c.work(conninfo, None) for c in self.clients))
        await self.kill(kind, whom, int(pid))
        await work
        return self.summary()

    async def work(self, conninfo, seconds):
        until = asyncio.get_running_loop().time() + float(seconds)
        await asyncio.gather(*(c.work(conninfo, until) for c in self.clients))
        return self.summary()

    async def check(self, conninfo):
        sessions = [s for c in self.clients for s in c.sessions]
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
            cursor = await connection.execute(
                'SELECT t.token, v.user_id, v.session_id FROM unnest(%s::text[]) t (token)'
                ' LEFT JOIN LATERAL session_auth.verify_session(t.token) v ON true',
                [[token for s in sessions for token in s.tokens]])
            opened = {token: (user, session_id) for token, user, session_id in await cursor.fetchall()}
        wrong = []
        for session in sessions:
            verdicts = {opened[token] for token in session.tokens}
            good, bad = (session.user, session.session_id), (None, None)
            if session.state == 'asked to end' and len(verdicts) == 1:
                session.state = 'live' if verdicts == {good} else 'ended'
            if verdicts != {good if session.state == 'live' else bad}:
                wrong.append(f'{session.state} session of {session.user}, {len(session.tokens)} tokens: '
                             f'{sorted(verdicts, key=str)}')
        states = collections.Counter(s.state for s in sessions)
        return {'live': states['live'], 'ended': states['ended'], 'tokens': len(opened),
                'wrong': len(wrong), 'examples': wrong[:10]}


async def main():
    clients, seed = map(int, sys.argv[1:])
    ledger = Ledger(clients, seed)
    while line := sys.stdin.readline():
        command, *arguments = line.rstrip('\n').split('\t')
        try:
            answer = await getattr(ledger, command)(*arguments)
        except Exception as error:
            answer = {'error': f'{command}: {error!r}'}
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    asyncio.run(main())
