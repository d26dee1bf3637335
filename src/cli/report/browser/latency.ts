import type { EChartsCoreOption } from 'echarts/core'
import type { ChartData } from '../chart-data.js'
import { frame, type Theme, timeAxis, valueAxis } from './theme.js'

type Buckets = { to: number; count: number }[]

/** More bars than this would be too thin to point at. */
const mostBars = 40

export function latencyOption({ waits, runs }: ChartData, theme: Theme): EChartsCoreOption {
  const ends = commonEnds(waits.buckets, runs.buckets)
  const series = (name: string, color: string, buckets: Buckets, total: number) => ({
    name,
    type: 'bar',
    barGap: '0%',
    itemStyle: { color },
    data: sharesOf(buckets, ends, total),
  })
  return {
    ...frame(theme),
    xAxis: timeAxis(theme, ends.map(label)),
    yAxis: valueAxis(theme, '% of calls, by how long they took'),
    series: [
      series('waiting', theme.queued, waits.buckets, waits.count),
      series('running', theme.running, runs.buckets, runs.count),
    ],
  }
}

/** Buckets are a third of a doubling wide; where that makes too many bars, two of them are one. */
function commonEnds(one: Buckets, other: Buckets): number[] {
  const all = [...one, ...other].map(({ to }) => to)
  const most = Math.max(...all)
  let ends: number[] = []
  for (let end = Math.min(...all); end < most * 1.01; end *= 2 ** (1 / 3)) ends.push(end)
  while (ends.length > mostBars) ends = ends.filter((_, position) => (ends.length - position) % 2 === 1)
  return ends
}

function sharesOf(buckets: Buckets, ends: number[], total: number): number[] {
  const shares = ends.map(() => 0)
  for (const { to, count } of buckets) {
    const position = ends.findIndex(end => to < end * 1.01) // both were computed, in different ways
    shares[position] = (shares[position] ?? 0) + (100 * count) / total
  }
  return shares.map(share => Math.round(share * 100) / 100)
}

function label(ms: number): string {
  if (ms < 1) return `≤ ${ms.toFixed(2)} ms`
  if (ms < 1000) return `≤ ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  return `≤ ${(ms / 1000).toFixed(1)} s`
}
