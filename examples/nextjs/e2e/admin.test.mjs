/**
 * admin.test.mjs
 *   The pages under /admin in a browser: what an administrator sees and does there, that the trail names
 *   who it was, and that the database refuses everybody else.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { ADA, COOKIE, UWE, WEB_ORIGIN, api, cookieOf, database, heading, loggedIn, shoot } from './browser.mjs'

const PAGES = ['', '/people', '/permissions', '/explain', '/audit', '/keys']
const PHONE = { viewport: { width: 390, height: 844 } }

const said = (page, text) => page.locator('.notice').getByText(text).waitFor()
const card = (page, name) => page.getByRole('region', { name, exact: true })
const newestEvent = async (event) => {
  const { rows } = await database.query(
    'SELECT user_id, actor, detail FROM session_auth.session_events WHERE event = $1 ORDER BY at DESC LIMIT 1', [event])
  return rows[0]
}

/** Chooses a place of the matrix and what to say there. */
async function choose(page, role, permission, what) {
  await page.getByRole('button', { name: new RegExp(`^${role}, ${permission}:`) }).click()
  await page.locator('.choice:popover-open').getByRole('button', { name: what, exact: true }).click()
}

/** Nothing is wider than the window but what scrolls by itself. */
async function fits(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  assert.ok(content <= window, `the page is ${content} wide in a window of ${window}`)
}

/** Each text has the contrast that WCAG AA asks for, 4.5 to 1, with what is painted behind it. */
async function isLegible(page) {
  const bad = await page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    const paint = (colours) => {
      canvas.clearRect(0, 0, 1, 1)
      for (const colour of colours) {
        canvas.fillStyle = colour
        canvas.fillRect(0, 0, 1, 1)
      }
      const linear = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
    const behind = (element) => {
      const colours = []
      for (let at = element; at; at = at.parentElement) colours.unshift(getComputedStyle(at).backgroundColor)
      return colours
    }
    const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT)
    const bad = []
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement
      if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest(':disabled, .place.none')) continue
      const layers = behind(element)
      const [a, b] = [paint(layers), paint([...layers, getComputedStyle(element).color])]
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      if (contrast < 4.5) bad.push(`${texts.currentNode.data.trim()}: ${contrast.toFixed(2)}`)
    }
    return bad
  })
  assert.deepEqual(bad, [])
}

before(async () => {
  await database.query(`
    SELECT session_auth.create_role('AUDITOR', '{USER}'), session_auth.deny_permission('USER', 'delete', 'accounts'),
      session_auth.grant_permission('AUDITOR', 'view', 'accounts')`)
  await database.query(`INSERT INTO "User" (id, name, email) VALUES ('usr_ola', 'Ola Nordmann', 'ola@example.com')`)
  await database.query(`
    SELECT session_auth.create_session('usr_ola', metadata => '{"device": "Firefox 156 on Windows"}'),
      session_auth.create_session('usr_ola', metadata => '{"device": "Safari 18 on iOS"}')`)
})

describe('Ada, who administers', () => {
  let page

  before(async () => {
    page = await loggedIn(ADA)
  })

  test('is shown the way', async () => {
    await page.getByRole('link', { name: 'Administration' }).click()
    await heading(page, 'Overview').waitFor()
    await fits(page)
  })

  test('sees figures, plots and findings', async () => {
    await api('sat_' + 'A'.repeat(43))
    await api('nonsense')
    await page.goto('/admin')
    const { rows: [{ live }] } = await database.query('SELECT live_sessions AS live FROM session_auth.statistics')
    assert.equal(await page.locator('.figures dd').first().innerText(), String(live))
    assert.match(await page.getByRole('img', { name: /^Logins/ }).getAttribute('aria-label'), /^Logins: [1-9]/)
    await card(page, 'Findings').waitFor()
    await shoot(page, 'admin-overview', { dark: true })
  })

  test('finds a person, and ends a session', async () => {
    await page.goto('/admin/people')
    await page.getByLabel('Search by name or email').fill('ola@')
    await page.getByLabel('Search by name or email').press('Enter')
    await page.waitForURL('**?q=ola*')
    await page.getByRole('link', { name: 'Ola Nordmann' }).click()
    const sessions = card(page, 'Sessions')
    await sessions.getByText('2 are open').waitFor()
    await shoot(page, 'admin-people')
    await sessions.locator('li', { hasText: 'Safari' }).getByRole('button', { name: 'End' }).click()
    await said(page, 'The session has ended.')
    await sessions.getByText('One is open').waitFor()
    const { actor, detail } = await newestEvent('session_ended')
    assert.deepEqual([actor, detail.by], ['usr_ada', 'administrator'])
  })

  test('ends all of them', async () => {
    await page.getByRole('button', { name: 'End all sessions' }).click()
    await said(page, 'All sessions have ended.')
    await page.getByText('Nobody is logged in as this user.').waitFor()
  })

  test('grants a role in a tenant, and takes it back', async () => {
    const roles = card(page, 'Roles')
    await roles.getByText('a row of "User" says so').waitFor()
    await roles.getByLabel('Role').selectOption('AUDITOR')
    await roles.getByLabel('In the tenant').fill('oslo')
    await roles.getByRole('button', { name: 'Grant role' }).click()
    await said(page, 'AUDITOR is granted.')
    await roles.getByText('oslo').waitFor()
    assert.deepEqual(await newestEvent('role_granted'), {
      user_id: 'usr_ola', actor: 'usr_ada', detail: { role: 'AUDITOR', tenant: 'oslo' } })
    await roles.getByRole('button', { name: 'Revoke AUDITOR' }).click()
    await said(page, 'AUDITOR is revoked.')
  })

  test('is told when nobody is found', async () => {
    await page.goto('/admin/people?q=' + encodeURIComponent(`%' OR true; --`))
    await heading(page, `Nobody is called “%' OR true; --”`).waitFor()
    await shoot(page, 'admin-nobody')
  })

  test('grants, denies and revokes in the matrix, which counts at once', async () => {
    const uwe = await cookieOf(await loggedIn(UWE))
    await page.goto('/admin/permissions')
    assert.equal((await api(uwe)).status, 403)
    await choose(page, 'USER', 'view:accounts', 'Grant')
    await said(page, 'view:accounts is granted to USER.')
    assert.equal((await api(uwe)).status, 200)
    await choose(page, 'USER', 'view:accounts', 'Deny')
    await said(page, 'view:accounts is denied to USER.')
    assert.equal((await api(uwe)).status, 403)
    await choose(page, 'USER', 'view:accounts', 'Revoke')
    await said(page, 'view:accounts is taken back from USER.')
    await page.getByRole('button', { name: 'USER, view:accounts: not granted' }).waitFor()
    await page.getByRole('button', { name: 'AUDITOR, delete:accounts: denied by USER' }).waitFor()
    assert.equal((await newestEvent('permission_revoked')).actor, 'usr_ada')
    await page.goto('/admin/permissions')
    await shoot(page, 'admin-permissions')
  })

  test('does so with the keyboard', async () => {
    await page.goto('/admin/permissions')
    const place = page.getByRole('button', { name: /^AUDITOR, edit:accounts:/ })
    await place.focus()
    await page.keyboard.press('Enter')
    const choice = page.locator('.choice:popover-open')
    await choice.waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Grant')
    await page.keyboard.press('Escape')
    await choice.waitFor({ state: 'hidden' })
    assert.ok(await place.evaluate((element) => element === document.activeElement))
    await page.keyboard.press('Enter')
    await choice.waitFor()
    await shoot(page, 'admin-choice')
    await page.keyboard.press('Escape')
  })

  test('is told what the database refuses', async () => {
    const form = page.locator('form', { hasText: 'Resource' }).filter({ has: page.getByPlaceholder('reports') })
    await form.getByLabel('Action').fill('view:all')
    await form.getByLabel('Resource').fill('reports')
    await form.getByRole('button', { name: 'Grant' }).click()
    await page.getByRole('alert').getByText(/Invalid action/).waitFor()
    await shoot(page, 'admin-refused')
  })

  test('creates a role', async () => {
    const form = card(page, 'A new role')
    await form.getByLabel('Name').fill('TELLER')
    await form.getByLabel('Inherits').selectOption('USER')
    await form.getByRole('button', { name: 'Create role' }).click()
    await said(page, 'The role TELLER is there.')
    await page.getByRole('columnheader', { name: 'TELLER' }).first().waitFor()
    await database.query(`SELECT session_auth.drop_role('TELLER')`)
  })

  test('asks why somebody sees nothing', async () => {
    await page.goto('/admin/explain')
    await page.getByLabel('User').fill('usr_uwe')
    await page.getByLabel('Row').fill('{"id": 3}')
    await page.getByRole('button', { name: 'Explain' }).click()
    await card(page, 'May usr_uwe view accounts?').locator('li', { hasText: 'web_request' }).getByText('no', { exact: true }).waitFor()
    await shoot(page, 'admin-explain')
    const { actor, user_id: asked } = await newestEvent('access_explained')
    assert.deepEqual([actor, asked], ['usr_ada', 'usr_uwe'])
    await page.getByLabel('Row').fill('nonsense')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.getByRole('alert').getByText(/invalid input syntax for type json/i).waitFor()
  })

  test('reads the trail, and filters it', async () => {
    await page.goto('/admin/audit')
    await page.getByLabel('What').selectOption('roles')
    await page.getByLabel('User or actor').fill('usr_ada')
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.waitForURL('**kind=roles*')
    const events = await page.locator('.trail li').allInnerTexts()
    assert.ok(events.length > 1 && events.every((text) => /role/.test(text) && /by usr_ada|usr_ada/.test(text)))
    await page.goto('/admin/audit?user=nobody-of-this-name')
    await heading(page, 'Nothing was recorded').waitFor()
  })

  test('sees keys and secrets by name, and no secret', async () => {
    const secret = 'a-secret-that-nobody-may-ever-see-here-0123456789'
    await page.goto('/admin/keys')
    await page.getByText('No key of an issuer is trusted.').waitFor()
    await database.query(`SELECT session_auth.add_key('2026-11', 'HS256', $1, issuer => 'https://id.example.com')`, [secret])
    await database.query(`SELECT session_auth.add_cookie_secret('django', $1)`, [secret])
    try {
      await page.reload()
      await page.getByText('2026-11').waitFor()
      await page.getByText('django').waitFor()
      assert.ok(!(await page.content()).includes(secret))
      await shoot(page, 'admin-keys')
    } finally {
      await database.query(`SELECT session_auth.drop_key('2026-11', 'https://id.example.com')`)
      await database.query(`SELECT session_auth.drop_cookie_secret('django', $1)`, [secret])
    }
  })

  test('a database that fails is an error, not a leak', async () => {
    await database.query('SET session_auth.guard_protection = off')
    await database.query('ALTER FUNCTION session_auth.list_keys() RENAME TO list_keys_elsewhere')
    try {
      await page.goto('/admin/keys')
      await heading(page, 'This page could not be loaded').waitFor()
      await shoot(page, 'admin-error')
    } finally {
      await database.query('ALTER FUNCTION session_auth.list_keys_elsewhere() RENAME TO list_keys')
      await database.query('RESET session_auth.guard_protection')
    }
    await page.getByRole('button', { name: 'Try again' }).click()
    await heading(page, 'Keys').first().waitFor()
  })

  for (const colorScheme of ['light', 'dark']) {
    test(`reads every page on a phone, ${colorScheme}`, async () => {
      const phone = await loggedIn(ADA, { ...PHONE, colorScheme })
      for (const where of PAGES) {
        await phone.goto(`/admin${where}${where === '/people' ? '?user=usr_uwe' : where === '/explain' ? '?user=usr_uwe' : ''}`)
        await phone.getByRole('heading', { level: 1 }).waitFor()
        await fits(phone)
        await isLegible(phone)
        await shoot(phone, `admin-phone${where.replace('/', '-')}${colorScheme === 'dark' ? '-dark' : ''}`, { dark: colorScheme === 'dark', whole: where !== '/audit' })
      }
    })
  }
})

describe('who may not administer', () => {
  // here, as the connection is closed after the file's last test
  after(async () => {
    await database.query(`DELETE FROM "User" WHERE id = 'usr_ola'`)
    await database.query(`SELECT session_auth.drop_role('AUDITOR')`)
    await database.query(`SELECT session_auth.revoke_permission('USER', 'delete', 'accounts')`)
  })

  test('is refused by the database, page by page', async () => {
    const page = await loggedIn(UWE)
    assert.equal(await page.getByRole('link', { name: 'Administration' }).count(), 0)
    for (const where of PAGES) {
      await page.goto(`/admin${where}`)
      await heading(page, 'You may not administer').waitFor()
    }
    await shoot(page, 'admin-denied')
  })

  test('is refused what a page would do, whose permission is taken away while it is open', async () => {
    const page = await loggedIn(ADA)
    await page.goto('/admin/permissions')
    await database.query(`SELECT session_auth.revoke_permission('ADMIN', 'administer', 'console')`)
    try {
      await choose(page, 'USER', 'view:accounts', 'Grant')
      await heading(page, 'You may not administer').waitFor()
      const { rows } = await database.query(`SELECT FROM session_auth.permissions WHERE role = 'USER' AND resource = 'accounts' AND action = 'view'`)
      assert.equal(rows.length, 0)
    } finally {
      await database.query(`SELECT session_auth.grant_permission('ADMIN', 'administer', 'console')`)
    }
  })

  test('without a session there is the login alone', async () => {
    for (const headers of [{}, { cookie: `${COOKIE}=${crypto.randomUUID()}` }]) {
      const response = await fetch(`${WEB_ORIGIN}/admin/audit`, { headers, redirect: 'manual' })
      assert.ok(response.status === 307 || !(await response.text()).includes('class="card trail"'))
    }
  })

  test('the database role that requests have can do none of it', async () => {
    const requests = new pg.Client({ ...database.connectionParameters, host: process.env.PGHOST, user: 'web_request' })
    await requests.connect()
    try {
      for (const sql of [
        'SELECT FROM session_auth.session_events',
        'SELECT FROM session_auth.list_user_roles()',
        "SELECT session_auth.grant_permission('USER', 'view', 'accounts')",
      ]) {
        await assert.rejects(requests.query(sql), { code: '42501' }, sql)
      }
    } finally {
      await requests.end()
    }
  })
})
