// What TypeORM's result cache keeps for another user, and lazy relations where nobody acts.
import { DataSource, EntitySchema } from 'typeorm'
import { equal, end, versions } from './tap.mjs'

versions('typeorm')
const Account = new EntitySchema({
  name: 'Account',
  tableName: 'accounts',
  columns: { id: { type: Number, primary: true }, name: { type: 'text' } },
  relations: { payments: { type: 'one-to-many', target: 'Payment', inverseSide: 'account', lazy: true } },
})
const Payment = new EntitySchema({
  name: 'Payment',
  tableName: 'payments',
  columns: { id: { type: Number, primary: true } },
  relations: { account: { type: 'many-to-one', target: 'Account', inverseSide: 'payments', joinColumn: { name: 'account_id' } } },
})
// what may be viewed and not be changed: silently, and with an error
const [Notice, Rule] = ['notices', 'rules'].map((tableName) => new EntitySchema({ name: tableName, tableName, columns: { id: { type: Number, primary: true }, name: { type: 'text' } } }))

const open = (more) =>
  new DataSource({
    type: 'postgres', host: process.env.PGHOST, port: Number(process.env.PGPORT), database: process.env.PGDATABASE,
    username: process.env.PGUSER, entities: [Account, Payment, Notice, Rule], ...more,
  }).initialize()

const asUser = (source, user, work) =>
  source.transaction(async (manager) => {
    await manager.query('SELECT session_auth.authenticate($1)', [process.env[user]])
    return work(manager)
  })

// ------------------------------------------------------------------ the result cache

/** Where a cache of the application's would be: the default is a table, which a request's role does not make. */
class InMemory {
  rows = new Map()
  connect() {}
  disconnect() {}
  synchronize() {}
  getFromCache = async ({ identifier, query }) => this.rows.get(identifier ?? query)
  storeInCache = async (entry) => { this.rows.set(entry.identifier ?? entry.query, entry) }
  isExpired = () => false
  clear = async () => this.rows.clear()
  remove = async (identifiers) => identifiers.forEach((one) => this.rows.delete(one))
}

const names = (cache) => async (manager) => (await manager.find(Account, { order: { id: 'ASC' }, cache })).map((account) => account.name)
const cached = await open({ cache: { provider: () => new InMemory() } })
equal(await asUser(cached, 'ADA', names(true)), ['Savings', 'Travel'], 'her accounts')
equal(await asUser(cached, 'UWE', names(true)), ['Savings', 'Travel'], 'the leak: find with cache answers him with her rows')
equal(await asUser(cached, 'UWE', names(false)), ['Rent'], 'without cache it asks')
const byUser = (user) => names({ id: `accounts of ${user}`, milliseconds: 1000 })
equal([await asUser(cached, 'ADA', byUser('ada')), await asUser(cached, 'UWE', byUser('uwe'))], [['Savings', 'Travel'], ['Rent']], "so it does under an id with the user in it")
await cached.destroy()

// ------------------------------------------------------------------- lazy relations

const source = await open()
const kept = await asUser(source, 'ADA', (manager) => manager.findOneBy(Account, { id: 1 }))
equal(await kept.payments.then((rows) => rows.length, (error) => error.constructor.name), 0, 'no rows: a lazy relation that is first awaited after the transaction nobody asks for')
const within = await asUser(source, 'ADA', async (manager) => (await (await manager.findOneBy(Account, { id: 1 })).payments).length)
equal(within, 1, 'awaited within it, they are there')

// findings/change-of-no-row.sh
const change = (kind) => asUser(source, 'ADA', async (manager) => {
  await manager.save(kind, Object.assign(await manager.findOneBy(kind, { id: 1 }), { name: 'after' }))
  return (await manager.findOneBy(kind, { id: 1 })).name
}).catch((error) => error.code)
equal(await change(Notice), 'before', 'a change that the policies refuse is saved, and raises nothing')
equal(await change(Rule), '42501', "with denied => 'error' it raises")
await source.destroy()

const one = await open({ extra: { max: 1, connectionTimeoutMillis: 500 } })
const waited = await asUser(one, 'ADA', () => one.getRepository(Account).find()).catch((error) => error.message)
equal(waited, 'timeout exceeded when trying to connect', 'a pool of 1: what does not go through the manager waits for the transaction that waits for it')
equal(await asUser(one, 'ADA', (manager) => manager.getRepository(Account).count()), 2, "the manager's own repository does not")
await one.destroy()
await end()
