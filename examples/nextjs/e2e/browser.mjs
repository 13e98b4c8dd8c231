/**
 * browser.mjs
 *   What the browser tests share: Debian's Chromium, the application at WEB_ORIGIN, and its database, to
 *   look into and to change as the cluster's superuser. scripts/with-web-app starts all of it.
 *
 * SCREENSHOTS=DIR keeps there the pictures that docs/ has; with ALL_SCREENSHOTS=yes, of every page and state.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before } from 'node:test'
import pg from 'pg'
import { chromium } from 'playwright-core'

export const { WEB_ORIGIN, WEB_DATABASE, SCREENSHOTS } = process.env
export const COOKIE = 'authjs.session-token'
export const ADA = { email: 'ada@example.com', password: 'ada-demo-password' }
export const UWE = { email: 'uwe@example.com', password: 'uwe-demo-password' }

const IN_DOCS = ['accounts-light', 'accounts-dark', 'denied', 'sessions', 'phone', 'admin-overview', 'admin-people', 'admin-permissions', 'admin-explain', 'admin-phone-audit']

export let database
let browser, profile

before(async () => {
  database = new pg.Client({
    host: process.env.PGHOST,
    port: Number(process.env.PGPORT),
    user: 'postgres',
    database: WEB_DATABASE,
  })
  await database.connect()
  profile = await mkdtemp(path.join(tmpdir(), 'session_auth.chromium.'))
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Chromium has no sandbox for root, as whom containers run; it opens our own pages alone.
    chromiumSandbox: process.getuid() !== 0,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disk-cache-dir=${profile}`,
    ],
  })
})

after(async () => {
  await browser?.close()
  await database?.end()
  if (profile) await rm(profile, { recursive: true, force: true })
})

/** A browser without cookies: another device. */
export async function device(options = {}) {
  const context = await browser.newContext({
    baseURL: WEB_ORIGIN,
    viewport: { width: 1120, height: 700 },
    deviceScaleFactor: 1.5,
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15000)
  return page
}

export async function logIn(page, { email, password }) {
  await page.goto('/login')
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.waitForURL('**/dashboard/accounts')
  return page
}

export const loggedIn = async (who, options) => logIn(await device(options), who)

export const cookieOf = async (page) =>
  (await page.context().cookies()).find(({ name }) => name === COOKIE)?.value

/** The API as any HTTP client reaches it, with nothing but this cookie. */
export function api(token, query = '') {
  return fetch(`${WEB_ORIGIN}/api/accounts${query}`, {
    headers: token === undefined ? {} : { cookie: `${COOKIE}=${token}` },
  })
}

/** Waits for that many rows: what streams in may come after the page's load event. */
export const showsRows = (page, count) =>
  page.waitForFunction((n) => document.querySelectorAll('tbody tr').length === n, count)

export const heading = (page, name) => page.getByRole('heading', { name })

export async function shoot(page, name, { dark = false, whole = true } = {}) {
  if (!SCREENSHOTS || !(IN_DOCS.includes(name) || process.env.ALL_SCREENSHOTS)) return
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' })
  await page.evaluate(() => document.activeElement?.blur?.())
  await page.mouse.move(0, 0)
  await page.screenshot({ path: path.join(SCREENSHOTS, `nextjs-${name}.png`), fullPage: whole })
  await page.emulateMedia({ colorScheme: 'light' })
}
