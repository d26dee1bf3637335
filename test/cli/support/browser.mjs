import { chromium } from 'playwright-core'
import { afterAll } from 'vitest'

const executablePath = '/usr/bin/chromium'
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** One browser for a file of tests. Where there is none, `node scripts/setup-chromium.mjs` installs it. */
export async function launchBrowser() {
  const browser = await chromium.launch({ executablePath, args })
  afterAll(() => browser.close())
  return {
    /** Opens a file, and notes whatever a page should not do. */
    async open(path, { script = true, ...options } = {}) {
      const context = await browser.newContext({ javaScriptEnabled: script, ...options })
      const page = await context.newPage()
      const complaints = []
      page.on('console', message => complaints.push(`${message.type()}: ${message.text()}`))
      page.on('pageerror', error => complaints.push(`error: ${error.message}`))
      page.on('request', request => {
        if (request.url() !== new URL(`file://${path}`).href) complaints.push(`request: ${request.url()}`)
      })
      page.on('dialog', dialog => {
        complaints.push(`dialog: ${dialog.message()}`)
        dialog.dismiss()
      })
      await page.goto(new URL(`file://${path}`).href)
      return { page, complaints, close: () => context.close() }
    },
  }
}
