import type { EChartsCoreOption } from 'echarts/core'
import type { ChartData } from '../chart-data.js'
import { frame, startsOf, type Theme, timeAxis, valueAxis } from './theme.js'

export function throughputOption({ course }: ChartData, theme: Theme): EChartsCoreOption {
  const { width, ok, failed } = course
  const perSecond = (counts: number[]) => counts.map(count => Math.round((count / width) * 10_000) / 10)
  const series = (name: string, color: string, counts: number[]) => ({
    name,
    type: 'bar',
    stack: 'rows',
    barCategoryGap: ok.length > 120 ? '0%' : '15%',
    itemStyle: { color },
    data: perSecond(counts),
  })
  return {
    ...frame(theme),
    xAxis: timeAxis(theme, startsOf(ok, width)),
    yAxis: valueAxis(theme, 'rows a second'),
    series: [series('ok', theme.ok, ok), series('failed', theme.failed, failed)],
  }
}
