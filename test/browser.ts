/**
 * The browser of the tests that look at pages: which one it is, what it complains of, and what must hold of every page for people.
 *
 * Where none is installed these tests are skipped, and the summary says so.
 */
import { accessSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordSkip } from '../src/testing/index.ts'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = BROWSERS.find((path) => {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
})
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** A folder for pictures of the pages. */
const SHOTS = process.env['PLINTH_SHOTS']
/** What a finger can hit. @see https://www.w3.org/WAI/WCAG22/Understanding/target-size-enhanced.html */
const TARGET_PIXELS_MIN = 44

/** A test that needs the browser. */
export const browserTest = test.skipIf(executablePath === undefined)

export interface TestBrowser {
  /** Opens a page in a context of its own. */
  open(options?: BrowserContextOptions): Promise<Page>
}

/** Starts a browser for the tests of this file, and ends it behind them. @param what is left untested where there is none */
export function testBrowser(what: string): TestBrowser {
  let browser: Browser | undefined
  if (executablePath === undefined) recordSkip(what, `none of ${BROWSERS.join(', ')} is installed`)
  beforeAll(async () => {
    if (executablePath !== undefined) browser = await chromium.launch({ executablePath, args: ARGUMENTS })
  })
  afterAll(() => browser?.close())
  return {
    open(options) {
      if (browser === undefined) throw new Error('Cannot open a page: there is no browser')
      return browser.newPage(options)
    },
  }
}

export interface WatchOptions {
  /** Where a page may ask for things. Default: anywhere. */
  readonly own?: readonly string[]
  /** Default: errors. */
  readonly kinds?: readonly string[]
  /** Beginnings of complaints that are none. */
  readonly ignored?: readonly string[]
}

/** What went wrong on a page, and what it asked of others. */
export interface Watch {
  readonly complaints: readonly string[]
  readonly foreign: readonly string[]
}

/** Listens to a page from now on. */
export function watchPage(page: Page, { own = [''], kinds = ['error'], ignored = [] }: WatchOptions): Watch {
  const complaints: string[] = []
  const foreign: string[] = []
  page.on('console', (message) => {
    const isIgnored = ignored.some((beginning) => message.text().startsWith(beginning))
    if (kinds.includes(message.type()) && !isIgnored) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (![...own, 'data:'].some((beginning) => request.url().startsWith(beginning))) foreign.push(request.url())
  })
  return { complaints, foreign }
}

/** A screen, and the person before it. */
export interface Look {
  readonly name: string
  readonly width: number
  readonly colorScheme: 'light' | 'dark'
  readonly javaScriptEnabled: boolean
}

export const LOOKS: readonly Look[] = [
  { name: 'desk', width: 1_280, colorScheme: 'light', javaScriptEnabled: true },
  { name: 'phone', width: 360, colorScheme: 'dark', javaScriptEnabled: false },
  { name: 'small', width: 320, colorScheme: 'light', javaScriptEnabled: false },
]

/** How a browser is opened for a look. */
export function contextOf({ width, colorScheme, javaScriptEnabled }: Look): BrowserContextOptions {
  return { viewport: { width, height: 720 }, colorScheme, javaScriptEnabled }
}

/** What must hold of each page: nothing is cut off, every field has a label, one heading, nothing too small to be touched. */
export async function expectReadable(page: Page, { name, width }: Look, step: string): Promise<void> {
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${step}-${name}.png`, fullPage: true })
  expect(await page.locator('body').evaluate((body) => body.scrollWidth)).toBeLessThanOrEqual(width)
  expect(await page.locator('h1').count()).toBe(1)
  for (const field of await page.locator('input:not([type=hidden])').all()) {
    const id = await field.getAttribute('id')
    expect(await page.locator(`label[for="${id}"]`).count()).toBe(1)
  }
  for (const target of await page.locator('input:not([type=hidden]):visible, button:visible, .button:visible').all())
    expect((await target.boundingBox())?.height).toBeGreaterThanOrEqual(TARGET_PIXELS_MIN)
  expect(await page.title()).toContain('Blog')
}
