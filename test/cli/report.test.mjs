import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { folder } from '../child.mjs'
import { launchBrowser } from './support/browser.mjs'
import { createGate, lines, run, runTask, startTask } from './support/command.mjs'

let browser
beforeAll(async () => {
  browser = await launchBrowser()
})

/** What a page must show as it is. */
const hostile = `</script><script>document.title='run'</script><img src=x onerror="document.title='run'">'"&amp;\u2028<!--`

const module = `
export async function work(row) {
  await new Promise(resolve => setTimeout(resolve, 5 + row.number % 20))
  if (row.number % 10 === 4) throw Object.assign(new TypeError(\`no \${row.number}: \${row.text}\`), { code: row.text })
  if (row.number % 25 === 7) throw new RangeError(\`at \${row.number} of 'them'\`)
  return row.number
}`

async function createReport(rows = 200) {
  const within = join(folder(), '<b>&"folder"')
  mkdirSync(within)
  writeFileSync(join(within, 'work.mjs'), module)
  const input = Array.from({ length: rows }, (_, number) => JSON.stringify({ number, text: hostile })).join(
    '\n',
  )
  const args = ['run', join(within, 'work.mjs'), 'work', '-f', 'ndjson', '-s', '8', '--queue-size', '16']
  const path = join(within, 'report.html')
  const { code } = await run([...args, '--report', path, '-q'], { input })
  return { path, code }
}

describe('the report of a run', () => {
  let path
  beforeAll(async () => {
    const report = await createReport()
    expect(report.code).toBe(1)
    path = report.path
  })

  test('is one file that asks for nothing else, and draws its charts', async () => {
    const { page, complaints, close } = await browser.open(path)
    for (const id of ['throughput', 'latency', 'load']) {
      await page.waitForSelector(`#${id} svg`)
      expect(await page.locator(`#${id} svg path`).count()).toBeGreaterThan(5)
    }
    expect(complaints).toEqual([])
    await close()
  })

  test('says what was done, with which settings, and what failed and why', async () => {
    const { page, close } = await browser.open(path)
    const tile = label =>
      page.locator('.tiles li', { has: page.getByText(label, { exact: true }) }).locator('b')
    expect(await tile('rows done').textContent()).toBe('200')
    expect(await tile('ok').textContent()).toBe('172')
    expect(await tile('failed').textContent()).toBe('28')
    expect(await page.locator('.status').textContent()).toBe('Done, with failures')

    const groups = page.locator('.failure')
    expect(await groups.count()).toBe(2)
    expect(await groups.nth(0).locator('summary').textContent()).toContain('20 × TypeError')
    expect(await groups.nth(1).locator('summary').textContent()).toContain('8 × RangeError at # of …')
    expect(await groups.nth(0).locator('dl').count()).toBe(3)
    expect(await groups.nth(0).locator('dl').nth(0).textContent()).toContain('work.mjs:4:')
    expect(await page.locator('.settings').textContent()).toContain('queue size16')
    await close()
  })

  test('has the numbers behind the charts in tables', async () => {
    const { page, close } = await browser.open(path, { script: false })
    const cells = selector => page.locator(`section:has(#throughput) tbody ${selector}`).allTextContents()
    const sum = texts => texts.reduce((total, text) => total + Number(text.replace(',', '')), 0)
    expect(sum(await cells('td:nth-child(2)'))).toBe(172)
    expect(sum(await cells('td:nth-child(3)'))).toBe(28)
    const histograms = page.locator('section:has(#latency) details tbody td')
    expect(sum(await histograms.allTextContents())).toBe(400)
    const load = await page.locator('section:has(#load) > table tbody tr').allTextContents()
    expect(load[0]).toMatch(/^running\d\.\d88$/)
    await close()
  })

  test('shows what rows and errors say as it is, and runs nothing of it', async () => {
    const { page, complaints, close } = await browser.open(path)
    await page.waitForSelector('#load svg')
    expect(await page.title()).toContain('<b>&"folder"/work.mjs work')
    const failure = await page.locator('.failure').nth(0).textContent()
    expect(failure).toContain(`no 4: ${hostile}`)
    expect(await page.locator('main img').count()).toBe(0)
    expect(complaints).toEqual([])
    await close()
  })

  test('lets no other script run, should one ever get in', async () => {
    const { page, close } = await browser.open(path)
    await page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'document.title = "run"'
      document.body.append(script)
      document.body.insertAdjacentHTML('beforeend', '<img src="data:x" onerror="document.title = \'run\'">')
    })
    expect(await page.title()).not.toBe('run')
    await close()
  })

  test.each(['light', 'dark'])('can be read in %s', async colorScheme => {
    const { page, close } = await browser.open(path, { colorScheme })
    await page.waitForSelector('#throughput svg')
    const contrasts = await page.evaluate(measureContrasts)
    expect(contrasts.length).toBeGreaterThan(50)
    for (const { text, contrast } of contrasts) expect(contrast, text).toBeGreaterThanOrEqual(4.5)
    await close()
  })

  test('follows a reader who changes between light and dark', async () => {
    const { page, close } = await browser.open(path, { colorScheme: 'light' })
    const bar = page.locator('#throughput svg path[fill="#0b7a75"]')
    await bar.first().waitFor({ state: 'attached' })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.locator('#throughput svg path[fill="#2dd4bf"]').first().waitFor({ state: 'attached' })
    expect(await bar.count()).toBe(0)
    await close()
  })

  test('fits a narrow window', async () => {
    const { page, close } = await browser.open(path, { viewport: { width: 360, height: 800 } })
    await page.waitForSelector('#throughput svg')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
    expect(await page.locator('#throughput svg').evaluate(svg => svg.clientWidth)).toBeLessThan(360)
    await close()
  })

  test('names its parts for readers who do not see it', async () => {
    const { page, close } = await browser.open(path)
    const names = await page
      .locator('[role=img][aria-label]')
      .evaluateAll(all => all.map(one => one.ariaLabel))
    expect(names[0]).toBe('Rows done a second over time; 172 succeeded and 28 failed')
    expect(names).toHaveLength(3)
    expect(await page.getByRole('heading').allTextContents()).toEqual([
      expect.stringContaining('work.mjs work'),
      'Throughput',
      'Latency of calls',
      'Concurrency and queue',
      'Failures',
      'Settings',
    ])
    await close()
  })

  test('carries the licences of what it contains', () => {
    const page = readFileSync(path, 'utf8')
    for (const text of [
      'Apache License',
      'Apache ECharts',
      'Redistribution and use in source and binary forms',
    ])
      expect(page).toContain(text)
  })
})

/** In the page: the contrast of every text with what is behind it, by WCAG 2. */
function measureContrasts() {
  const channels = color => color.match(/[\d.]+/g).map(Number)
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map(channel => {
      const share = channel / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = element => {
    for (let owner = element; owner !== null; owner = owner.parentElement) {
      const color = channels(getComputedStyle(owner).backgroundColor)
      if (color.length === 3 || color[3] > 0) return color
    }
    return [255, 255, 255]
  }
  const texts = [...document.querySelectorAll('body *:not(script)')].filter(element =>
    [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim() !== ''),
  )
  return texts.map(element => {
    const { color, fill } = getComputedStyle(element)
    const one = luminance(channels(element.namespaceURI.endsWith('svg') ? fill : color))
    const other = luminance(behind(element.closest('.chart') ?? element))
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    return { text: `${element.tagName} ${element.textContent.slice(0, 50)}`, contrast }
  })
}

describe('a report', () => {
  test('of no rows at all has nothing to show, and no fault', async () => {
    const path = join(folder(), 'report.html')
    expect(await runTask('echo', ['-r', path])).toMatchObject({ code: 0 })
    const { page, complaints, close } = await browser.open(path)
    await page.waitForSelector('#load svg')
    expect(await page.locator('.status').textContent()).toBe('All good')
    expect(complaints).toEqual([])
    await close()
  })

  test.each([
    ['that are few and short', 10, 30, { ran: 10, waited: 0 }],
    ['that are very short', 2000, 1, { ran: 10, waited: 10 }],
    ['that wait for a slot', 30, 40, { ran: 10, waited: 10 }],
  ])('says how many calls ran and waited, also of calls %s', async (_what, rows, ms, { ran, waited }) => {
    const within = folder()
    const path = join(within, 'report.html')
    writeFileSync(
      join(within, 'wait.mjs'),
      `export const wait = () => new Promise(resolve => setTimeout(resolve, ${ms}))`,
    )
    const args = ['run', './wait.mjs', 'wait', '-q', '-o', '/dev/null', '-r', path]
    expect(await run(args, { cwd: within, input: lines(rows) })).toMatchObject({ code: 0 })
    const { page, close } = await browser.open(path, { script: false })
    const [running, queued] = await page.locator('section:has(#load) > table tbody tr').all()
    const cells = row => row.locator('th, td').allTextContents()
    const [, meanRunning, mostRunning, size] = await cells(running)
    expect(Number(meanRunning)).toBeGreaterThan(1)
    expect(Number(meanRunning)).toBeLessThanOrEqual(10)
    expect([Number(mostRunning), Number(size)]).toEqual([ran, 10])
    expect(Number((await cells(queued))[2])).toBe(waited)
    await close()
  })

  test('of an interrupted run says so', async () => {
    const gate = await createGate()
    const path = join(folder(), 'report.html')
    const running = startTask('held', ['-s', '1', '-r', path], { input: lines(9), env: gate.env })
    const first = await gate.next()
    running.child.kill('SIGINT')
    await running.said('waiting for the calls')
    first.answer({ value: 1 })
    expect(await running.result).toMatchObject({ code: 130 })
    const { page, close } = await browser.open(path, { script: false })
    expect(await page.locator('.status').textContent()).toBe('Interrupted')
    expect(await page.locator('.tiles').textContent()).toContain('read, not done')
    await close()
  })

  test('that cannot be written ends the run before it begins', async () => {
    for (const path of ['/no/such/folder/report.html', folder()]) {
      const { code, stdout, stderr } = await runTask('echo', ['-r', path], { input: 'a' })
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^async-pool: cannot write --report .*\n$/)
    }
  })
})
