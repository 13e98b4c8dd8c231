// What MikroORM's identity map and its result cache keep for another user.
import { EntitySchema, MikroORM } from '@mikro-orm/postgresql'
import { equal, end, versions } from './tap.mjs'

versions('@mikro-orm/postgresql')
const Account = new EntitySchema({
  name: 'Account',
  tableName: 'accounts',
  properties: {
    id: { type: 'integer', primary: true },
    name: { type: 'text' },
    payments: { kind: '1:m', entity: () => 'Payment', mappedBy: 'account' },
  },
})
const Payment = new EntitySchema({
  name: 'Payment',
  tableName: 'payments',
  properties: { id: { type: 'integer', primary: true }, account: { kind: 'm:1', entity: () => 'Account', inversedBy: 'payments' } },
})
// what may be viewed and not be changed: silently, and with an error
const [Notice, Rule] = ['notices', 'rules'].map((tableName) => new EntitySchema({ name: tableName, tableName, properties: { id: { type: 'integer', primary: true }, name: { type: 'text' } } }))

const open = (more) =>
  MikroORM.init({
    host: process.env.PGHOST, port: Number(process.env.PGPORT), dbName: process.env.PGDATABASE, user: process.env.PGUSER,
    entities: [Account, Payment, Notice, Rule], ...more,
  })

/** em.transactional() gives work a fork: of what em holds, unless clear is said. */
const asUser = (em, user, work, options) =>
  em.transactional(async (inner) => {
    await inner.getConnection().execute('SELECT session_auth.authenticate(?)', [process.env[user]], 'all', inner.getTransactionContext())
    return work(inner)
  }, options)

const account = async (em) => (await em.findOne('Account', 1))?.name ?? null
const orm = await open()
const shared = orm.em.fork()
equal(await asUser(shared, 'ADA', account), 'Savings', 'she finds her account')
equal(await asUser(shared, 'UWE', account), 'Savings', "the leak: an EntityManager that serves both answers him by its identity map")
equal(await asUser(orm.em.fork(), 'UWE', account), null, 'a fork for each request asks, and he has none')
equal(await asUser(shared, 'UWE', account, { clear: true }), null, 'so does a transaction with clear')

const names = (cache) => async (em) => (await em.find('Account', {}, { orderBy: { id: 1 }, cache })).map((row) => row.name)
equal(await asUser(orm.em.fork(), 'ADA', names(5000)), ['Savings', 'Travel'], 'her accounts')
equal(await asUser(orm.em.fork(), 'UWE', names(5000)), ['Savings', 'Travel'], 'the leak: find with cache answers him with her rows, in a fork of his')
const byUser = (user) => names([`accounts of ${user}`, 5000])
equal([await asUser(orm.em.fork(), 'ADA', byUser('ada')), await asUser(orm.em.fork(), 'UWE', byUser('uwe'))], [['Savings', 'Travel'], ['Rent']], 'under a key with the user in it, none')

const em = orm.em.fork()
const kept = await asUser(em, 'ADA', (inner) => inner.findOne('Account', 1))
equal((await kept.payments.loadItems()).length, 0, 'no rows: a collection that is first loaded after the transaction nobody asks for')
const populated = await asUser(orm.em.fork(), 'ADA', (inner) => inner.findOne('Account', 1, { populate: ['payments'] }))
equal(populated.payments.length, 1, 'populated within it, they are there')

// findings/change-of-no-row.sh
const change = (kind) => asUser(orm.em.fork(), 'ADA', async (inner) => {
  const found = await inner.findOne(kind, 1)
  found.name = 'after'
  await inner.flush()
  return (await inner.refresh(found)).name
}).catch((error) => error.code)
equal(await change('notices'), 'before', 'a change that the policies refuse is flushed, and raises nothing')
equal(await change('rules'), '42501', "with denied => 'error' it raises")
await orm.close()

const one = await open({ pool: { min: 0, max: 1 }, driverOptions: { acquireConnectionTimeout: 500 } })
const outside = one.em.fork()
const waited = await asUser(one.em.fork(), 'ADA', () => outside.find('Account', {})).catch((error) => error.message)
equal(/Timeout acquiring a connection/.test(waited), true, `a pool of 1: another EntityManager waits for the transaction that waits for it (${waited})`)
await one.close()
await end()
