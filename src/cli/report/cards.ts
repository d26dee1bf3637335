import { count } from '../progress/text.js'
import type { Settings } from '../settings.js'
import { ids } from './chart-data.js'
import type { FailureExample, FailureGroup, Failures } from './failures.js'
import type { Distribution } from './histogram.js'
import { escapeHtml, milliseconds, table } from './html.js'
import type { Course } from './timeline.js'

export function throughputCard({ width, ok, failed }: Course): string {
  const rows = ok.map((good, position) => [from(position, width), count(good), count(failed[position] ?? 0)])
  const columns = [`from (${width / 1000} s each)`, 'ok', 'failed']
  return chartCard({
    id: ids.throughput,
    heading: 'Throughput',
    label: `Rows done a second over time; ${count(sum(ok))} succeeded and ${count(sum(failed))} failed`,
    details: table('Rows done over time', columns, rows),
    isWide: true,
  })
}

export function latencyCard(waits: Distribution, runs: Distribution): string {
  const columns = ['', 'mean', 'p50', 'p90', 'p95', 'p99', 'longest']
  const row = (name: string, { mean, p50, p90, p95, p99, most }: Distribution) => [
    name,
    ...[mean, p50, p90, p95, p99, most].map(milliseconds),
  ]
  const summary = table('Waiting and running times of calls', columns, [
    row('waiting', waits),
    row('running', runs),
  ])
  return chartCard({
    id: ids.latency,
    heading: 'Latency of calls',
    label: `How long calls waited for a slot and ran; half of them ran no longer than ${milliseconds(runs.p50)}`,
    below: summary,
    details: `${histogramTable('Waiting', waits)}${histogramTable('Running', runs)}`,
  })
}

export function loadCard(course: Course, { size, queueSize }: Settings): string {
  const { width, running, mostRunning, queued, mostQueued, meanRunning, meanQueued } = course
  const rows = running.map((mean, position) => [
    from(position, width),
    mean.toFixed(1),
    count(mostRunning[position] ?? 0),
    (queued[position] ?? 0).toFixed(1),
    count(mostQueued[position] ?? 0),
  ])
  const columns = [`from (${width / 1000} s each)`, 'running', 'at most', 'queued', 'at most']
  return chartCard({
    id: ids.load,
    heading: 'Concurrency and queue',
    label: `Calls running, of ${size}, and waiting, of ${queueSize}, over time`,
    below: table(
      'Calls running and waiting',
      ['', 'mean', 'most', 'limit'],
      [
        ['running', meanRunning.toFixed(1), most(mostRunning), count(size)],
        ['queued', meanQueued.toFixed(1), most(mostQueued), count(queueSize)],
      ],
    ),
    details: table('Calls running and waiting over time', columns, rows),
  })
}

function most(values: readonly number[]): string {
  return count(Math.max(0, ...values))
}

interface ChartCard {
  id: string
  heading: string
  /** What a screen reader says of the chart. */
  label: string
  /** The data behind it, as tables. */
  details: string
  below?: string
  isWide?: boolean
}

function chartCard({ id, heading, label, details, below = '', isWide = false }: ChartCard): string {
  return `<section${isWide ? ' class="wide"' : ''}>
<h2>${heading}</h2>
<div class="chart" id="${id}" role="img" aria-label="${escapeHtml(label)}"></div>
${below}
<details><summary>Data</summary><div class="scroll">${details}</div></details>
</section>`
}

function histogramTable(caption: string, { buckets }: Distribution): string {
  const rows = buckets.map(({ to, count: calls }) => [milliseconds(to), count(calls)])
  return table(caption, [`${caption.toLowerCase()} up to`, 'calls'], rows)
}

function from(position: number, width: number): string {
  return `${((position * width) / 1000).toFixed(width < 1000 ? 1 : 0)} s`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

export function failuresCard({ groups, others }: Failures): string {
  const total = sum(groups.map(group => group.count)) + others
  if (total === 0) return '<section><h2>Failures</h2><p>None.</p></section>'
  const rest = others > 0 ? `<p>And ${count(others)} of other kinds.</p>` : ''
  return `<section>
<h2>Failures</h2>
${groups.map((group, position) => failureGroup(group, total, position === 0)).join('\n')}
${rest}
</section>`
}

function failureGroup(group: FailureGroup, total: number, isOpen: boolean): string {
  const { name, code, message, count: failures, examples } = group
  const share = (100 * failures) / total
  const kind = code === '' ? '' : ` <code>${escapeHtml(code)}</code>`
  return `<details class="failure"${isOpen ? ' open' : ''}>
<summary><span class="count">${count(failures)} × ${escapeHtml(name)}</span>${kind} ${escapeHtml(message)}
<div class="share" style="width:${Math.max(0.5, share).toFixed(1)}%" aria-hidden="true"></div></summary>
${examples.map(failureExample).join('\n')}
</details>`
}

function failureExample({ index, message, input, stack }: FailureExample): string {
  return `<dl>
<dt>row</dt><dd>${index}</dd>
<dt>input</dt><dd><code>${escapeHtml(input)}</code></dd>
<dt>message</dt><dd>${escapeHtml(message)}</dd>
<dt>stack</dt><dd><pre tabindex="0">${escapeHtml(stack)}</pre></dd>
</dl>`
}

export function settingsCard({ module, fn, ...options }: Settings): string {
  const rows = Object.entries({ module, function: fn, ...options }).map(([name, value]) => [
    name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`),
    settingText(name, value),
  ])
  const columns = ['setting', 'value']
  return `<section class="settings"><h2>Settings</h2>${table('Settings of the run', columns, rows)}</section>`
}

function settingText(name: string, value: unknown): string {
  if (name === 'rate') return `a call every ${milliseconds(Number(value))}`
  if (name === 'timeout' || name === 'retryDelay') return milliseconds(Number(value))
  return Array.isArray(value) ? value.join(', ') : String(value)
}
