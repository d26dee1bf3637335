import type { EChartsCoreOption } from 'echarts/core'
import type { ChartData } from '../chart-data.js'
import { frame, startsOf, type Theme, timeAxis, valueAxis } from './theme.js'

export function loadOption({ course }: ChartData, theme: Theme): EChartsCoreOption {
  const { width, running, queued } = course
  const series = (name: string, color: string, type: 'solid' | 'dashed', values: number[]) => ({
    name,
    type: 'line',
    step: 'middle',
    showSymbol: values.length === 1,
    lineStyle: { color, width: 2, type },
    itemStyle: { color },
    areaStyle: type === 'solid' ? { color, opacity: 0.12 } : undefined,
    data: values.map(value => Math.round(value * 10) / 10),
  })
  return {
    ...frame(theme),
    xAxis: { ...timeAxis(theme, startsOf(running, width)), boundaryGap: false },
    yAxis: valueAxis(theme, 'calls'),
    series: [
      series('running', theme.running, 'solid', running),
      series('queued', theme.queued, 'dashed', queued),
    ],
  }
}
