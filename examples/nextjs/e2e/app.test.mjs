/**
 * app.test.mjs
 *   The example application in a browser: logins, accounts, sessions.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import {
  ADA,
  COOKIE,
  UWE,
  WEB_ORIGIN,
  api,
  cookieOf,
  database,
  device,
  heading,
  logIn,
  loggedIn,
  shoot,
  showsRows,
} from './browser.mjs'

const setRole = (id, role) => database.query('UPDATE "User" SET role = $2 WHERE id = $1', [id, role])

describe('without a session', () => {
  test('the page leads to the login', async () => {
    const page = await device()
    await page.goto('/dashboard/accounts')
    await page.waitForURL('**/login')
    await heading(page, 'Log in').waitFor()
    await shoot(page, 'login')
  })

  test('the API answers 401 to no cookie, and to made-up ones', async () => {
    for (const token of [undefined, '', 'nonsense', crypto.randomUUID(), `sat_${'A'.repeat(43)}`, '%00']) {
      const response = await api(token)
      assert.equal(response.status, 401)
      assert.deepEqual(await response.json(), { error: 'not signed in' })
    }
  })

  test('a wrong password is refused, in the same words as an unknown user', async () => {
    const page = await device()
    for (const email of [ADA.email, 'nobody@example.com']) {
      await page.goto('/login')
      await page.getByLabel('Email').fill(email)
      await page.getByLabel('Password').fill('wrong')
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByText('This email and password do not match.').waitFor()
    }
    assert.equal(await cookieOf(page), undefined)
  })
})

describe('Ada, an ADMIN', () => {
  let page

  before(async () => {
    page = await loggedIn(ADA)
  })

  test('reads the table, which the server fetches with her cookie', async () => {
    await showsRows(page, 12)
    await page.getByText('Marta Kowalska').first().waitFor()
    await shoot(page, 'accounts-light')
    await shoot(page, 'accounts-dark', { dark: true })
  })

  test('gets the rows from the API: 200', async () => {
    const response = await api(await cookieOf(page))
    assert.equal(response.status, 200)
    assert.equal((await response.json()).accounts.length, 12)
  })

  test('searches, and is told when nobody is found', async () => {
    await page.getByLabel('Search by holder').fill('tanaka')
    await page.getByLabel('Search by holder').press('Enter')
    await page.waitForURL('**?holder=tanaka')
    await showsRows(page, 2)
    await page.goto('/dashboard/accounts?holder=Zebedee')
    await heading(page, 'Nobody called “Zebedee”').waitFor()
    await shoot(page, 'empty')
  })

  test('an injection in the search finds nothing and breaks nothing', async () => {
    const response = await api(await cookieOf(page), `?holder=${encodeURIComponent("' OR 1=1; --")}`)
    assert.equal(response.status, 200)
    assert.deepEqual((await response.json()).accounts, [])
  })

  test('her browser is told her name and nothing more', async () => {
    const response = await page.request.get('/api/auth/session')
    const text = await response.text()
    const { user, expires } = JSON.parse(text)
    assert.deepEqual(user, { id: 'usr_ada', name: 'Ada Lindqvist', email: 'ada@example.com' })
    assert.ok(new Date(expires) > new Date())
    assert.deepEqual(Object.keys(JSON.parse(text)).sort(), ['expires', 'user'])
    assert.doesNotMatch(text, /password|\$2[aby]\$/)
  })

  test('the cookie is out of reach of scripts, and the database has its hash alone', async () => {
    const cookie = (await page.context().cookies()).find(({ name }) => name === COOKIE)
    assert.equal(cookie.httpOnly, true)
    assert.equal(cookie.sameSite, 'Lax')
    const { rows: kept } = await database.query('SELECT s::text AS row FROM session_auth.sessions s')
    assert.ok(kept.every(({ row }) => !row.includes(cookie.value)))
  })

  test('what she may do is explained', async () => {
    await page.goto('/dashboard/sessions?action=edit&resource=accounts')
    await page.getByText('allowed', { exact: true }).waitFor()
    await page.goto('/dashboard/sessions')
    await page.getByLabel('Action').selectOption('delete')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.getByText('denied', { exact: true }).waitFor()
  })

  test('a database that fails is an error, not a leak', async () => {
    await database.query('ALTER TABLE accounts RENAME TO accounts_elsewhere')
    try {
      assert.equal((await api(await cookieOf(page))).status, 500)
      await page.goto('/dashboard/accounts')
      await heading(page, 'This page could not be loaded').waitFor()
      await shoot(page, 'error')
    } finally {
      await database.query('ALTER TABLE accounts_elsewhere RENAME TO accounts')
    }
    await page.getByRole('button', { name: 'Try again' }).click()
    await showsRows(page, 12)
  })
})

describe('Uwe, a USER', () => {
  let page

  before(async () => {
    page = await loggedIn(UWE)
  })
  after(() => setRole('usr_uwe', 'USER'))

  test('is denied and told why', async () => {
    await heading(page, 'You may not view accounts').waitFor()
    assert.ok((await page.getByTestId('reason').innerText()).length > 10)
    await showsRows(page, 0)
    await shoot(page, 'denied')
  })

  test('gets 403 from the API', async () => {
    const response = await api(await cookieOf(page))
    assert.equal(response.status, 403)
    assert.deepEqual(await response.json(), { error: 'not allowed' })
  })

  test('a role that changes in the database changes the next request', async () => {
    const token = await cookieOf(page)
    await setRole('usr_uwe', 'ADMIN')
    assert.equal((await api(token)).status, 200)
    await page.reload()
    await showsRows(page, 12)
    await setRole('usr_uwe', 'USER')
    assert.equal((await api(token)).status, 403)
    await page.reload()
    await heading(page, 'You may not view accounts').waitFor()
  })

  test('a permission that is granted to the role counts at once, too', async () => {
    const token = await cookieOf(page)
    await database.query("SELECT session_auth.grant_permission('USER', 'view', 'accounts')")
    assert.equal((await api(token)).status, 200)
    await database.query("SELECT session_auth.revoke_permission('USER', 'view', 'accounts')")
    assert.equal((await api(token)).status, 403)
  })

  test('logs out, and the cookie is worth nothing', async () => {
    const token = await cookieOf(page)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByText('You are logged out.').waitFor()
    assert.equal(await cookieOf(page), undefined)
    assert.equal((await api(token)).status, 401)
  })
})

describe('Uma, who comes by OAuth', () => {
  let page

  test('logs in and is a USER', async () => {
    page = await device()
    await page.goto('/login')
    await page.getByRole('button', { name: 'Continue with GitHub' }).click()
    await page.getByText('Uma Castellanos').waitFor()
    await shoot(page, 'oauth')
    await page.getByText('Uma Castellanos').click()
    await page.waitForURL('**/dashboard/accounts')
    await heading(page, 'You may not view accounts').waitFor()
    await page.goto('/dashboard/sessions')
    assert.equal(await page.getByTestId('role').innerText(), 'USER')
    const { rows: accounts } = await database.query('SELECT provider FROM "Account"')
    assert.deepEqual(accounts, [{ provider: 'github' }])
  })

  test('comes back as the same user', async () => {
    const again = await device()
    await again.goto('/login')
    await again.getByRole('button', { name: 'Continue with GitHub' }).click()
    await again.getByText('Uma Castellanos').click()
    await again.waitForURL('**/dashboard/accounts')
    const { rows: users } = await database.query(`SELECT id FROM "User" WHERE email = 'uma@example.com'`)
    assert.equal(users.length, 1)
  })

  test('is out as soon as her user is deleted', async () => {
    const token = await cookieOf(page)
    assert.equal((await api(token)).status, 403)
    await database.query(`DELETE FROM "User" WHERE email = 'uma@example.com'`)
    assert.equal((await api(token)).status, 401)
    await page.goto('/dashboard/accounts')
    await page.waitForURL('**/login')
  })
})

describe('several devices', () => {
  let desk, phone

  before(async () => {
    await database.query("SELECT session_auth.expire_user_sessions('usr_ada')")
    desk = await loggedIn(ADA)
    phone = await loggedIn(ADA, {
      viewport: { width: 390, height: 844 },
      userAgent:
        'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
    })
  })

  test('are listed, the current one marked', async () => {
    await showsRows(phone, 12)
    await shoot(phone, 'phone')
    await desk.goto('/dashboard/sessions?action=delete&resource=accounts')
    const devices = desk.locator('.devices li')
    assert.equal(await devices.count(), 2)
    assert.match(await devices.first().innerText(), /Chrome \d+ on Linux\s*this device/)
    assert.match(await devices.last().innerText(), /Safari 18 on iOS/)
    await shoot(desk, 'sessions')
  })

  test('log out other devices: they are out, this one is not', async () => {
    const [here, there] = [await cookieOf(desk), await cookieOf(phone)]
    await desk.goto('/dashboard/sessions')
    await desk.getByRole('button', { name: 'Log out other devices' }).click()
    await desk.getByText('Your other devices are logged out.').waitFor()
    assert.equal((await api(there)).status, 401)
    assert.equal((await api(here)).status, 200)
    await phone.goto('/dashboard/accounts')
    await phone.waitForURL('**/login')
  })

  test('log out everywhere: every cookie answers 401, replayed or not', async () => {
    await logIn(phone, ADA)
    const tokens = [await cookieOf(desk), await cookieOf(phone)]
    for (const token of tokens) assert.equal((await api(token)).status, 200)
    await desk.goto('/dashboard/sessions')
    await desk.getByRole('button', { name: 'Log out everywhere' }).click()
    await desk.getByText('You are logged out on every device.').waitFor()
    await shoot(desk, 'logged-out')
    for (const token of tokens) assert.equal((await api(token)).status, 401)

    await desk.context().addCookies([{ name: COOKIE, value: tokens[0], url: WEB_ORIGIN }])
    await desk.goto('/dashboard/accounts')
    await desk.waitForURL('**/login')
    await phone.goto('/dashboard/accounts')
    await phone.waitForURL('**/login')
  })
})

describe('the database itself', () => {
  test('finds nothing wrong with the policies', async () => {
    const { rows: findings } = await database.query("SELECT * FROM session_auth.check_policies() WHERE severity = 'error'")
    assert.deepEqual(findings, [])
  })

  test('shows the role that serves requests neither users nor sessions, and no row by itself', async () => {
    const requests = new pg.Client({ ...database.connectionParameters, host: process.env.PGHOST, user: 'web_request' })
    await requests.connect()
    try {
      assert.equal((await requests.query('SELECT FROM accounts')).rowCount, 0)
      for (const sql of [
        'SELECT FROM "User"',
        'SELECT FROM session_auth.sessions',
        "SELECT session_auth.create_session('usr_ada')",
        "SELECT session_auth.grant_role('usr_uwe', 'ADMIN')",
        "SELECT session_auth.impersonate('usr_ada')",
      ]) {
        await assert.rejects(requests.query(sql), { code: '42501' }, sql)
      }
    } finally {
      await requests.end()
    }
  })

  test('lets the role that does logins give nobody a role', async () => {
    const issuer = new pg.Client({ ...database.connectionParameters, host: process.env.PGHOST, user: 'web_issuer' })
    await issuer.connect()
    try {
      for (const sql of [
        `UPDATE "User" SET role = 'ADMIN'`,
        `INSERT INTO "User" (id, role) VALUES ('x', 'ADMIN')`,
        "SELECT session_auth.grant_role('usr_uwe', 'ADMIN')",
        'SELECT FROM accounts',
      ]) {
        await assert.rejects(issuer.query(sql), { code: '42501' }, sql)
      }
    } finally {
      await issuer.end()
    }
  })
})
