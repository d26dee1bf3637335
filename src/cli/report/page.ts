import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { clock, count, rateText } from '../progress/text.js'
import type { Settings } from '../settings.js'
import type { StopReason } from '../stop.js'
import type { Tally } from '../tally.js'
import { failuresCard, latencyCard, loadCard, settingsCard, throughputCard } from './cards.js'
import { type ChartData, ids } from './chart-data.js'
import type { Failures } from './failures.js'
import type { Distribution } from './histogram.js'
import { escapeHtml, escapeJson, milliseconds } from './html.js'
import { style } from './style.js'
import type { Course } from './timeline.js'

export interface PageContent {
  settings: Settings
  tally: Tally
  /** How long the run took. */
  seconds: number
  /** Why it ended before its input did. */
  reason: StopReason | undefined
  begun: Date
  course: Course
  /** How long calls waited for a slot, and how long they ran, in ms. */
  waits: Distribution
  runs: Distribution
  failures: Failures
}

/** One file that needs nothing else, from the network least of all. */
export function renderPage(content: PageContent): string {
  const { settings, begun, failures } = content
  const charts: ChartData = { course: content.course, waits: content.waits, runs: content.runs }
  const script = readScript()
  const title = `${settings.module} ${settings.fn}`
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyFor(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · async-pool</title>
<style>${style}</style>
</head>
<body>
<header>
${statusOf(content)}
<h1><code>${escapeHtml(title)}</code></h1>
<p class="when">Run of <time datetime="${begun.toISOString()}">${begun.toISOString().replace('T', ' ').slice(0, 19)} UTC</time> with Node ${escapeHtml(process.version)}</p>
</header>
<main>
${tiles(content)}
<div class="charts">
${throughputCard(content.course)}
${latencyCard(content.waits, content.runs)}
${loadCard(content.course, settings)}
</div>
${failuresCard(failures)}
${settingsCard(settings)}
</main>
<footer><p>Written by <code>async-pool run --report</code>. Charts by Apache ECharts.</p></footer>
<script type="application/json" id="${ids.data}">${escapeJson(charts)}</script>
<script>${script}</script>
</body>
</html>
`
}

/** Built from browser/charts.ts, with the licences of what it contains. */
function readScript(): string {
  return readFileSync(join(__dirname, 'report-charts.js'), 'utf8')
}

/** Escaping keeps data from being code; should it ever fail, this keeps the browser from running it. */
function policyFor(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64')
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`
}

function statusOf({ tally, reason }: PageContent): string {
  if (reason?.kind === 'interrupted') return badge('bad', 'Interrupted')
  if (reason?.kind === 'failed') return badge('bad', 'Stopped at the first failure')
  if (reason?.kind === 'unread') return badge('bad', 'Stopped: nobody read the output')
  if (reason?.kind === 'broken') return badge('bad', 'Broken off')
  return tally.failed > 0 ? badge('bad', 'Done, with failures') : badge('good', 'All good')
}

function badge(kind: 'good' | 'bad', text: string): string {
  return `<p class="status ${kind}">${text}</p>`
}

function tiles({ tally, seconds, runs }: PageContent): string {
  const { ok, failed, earlier, retries, undone } = tally
  const fresh = ok + failed - earlier
  const all: [value: string, label: string, isBad?: boolean][] = [
    [count(ok + failed), 'rows done'],
    [count(ok), 'ok'],
    [count(failed), 'failed', failed > 0],
    [count(retries), 'retries'],
    [seconds < 60 ? `${seconds.toFixed(1)} s` : clock(seconds), 'duration'],
    [rateText(seconds > 0 ? fresh / seconds : 0), 'throughput'],
    [milliseconds(runs.p50), 'median call'],
    [milliseconds(runs.p99), 'p99 call'],
  ]
  if (earlier > 0) all.push([count(earlier), 'by earlier runs'])
  if (undone > 0) all.push([count(undone), 'read, not done', true])
  const items = all.map(
    ([value, label, isBad]) => `<li${isBad ? ' class="bad"' : ''}><b>${value}</b><span>${label}</span></li>`,
  )
  return `<ul class="tiles">${items.join('')}</ul>`
}
