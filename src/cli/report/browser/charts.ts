/* Runs in the page of a report. Draws what is in it as JSON; all else is in the page already. */
import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendPlainComponent, TooltipComponent } from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { type ChartData, ids } from '../chart-data.js'
import { latencyOption } from './latency.js'
import { loadOption } from './load.js'
import { readTheme, type Theme } from './theme.js'
import { throughputOption } from './throughput.js'

use([BarChart, LineChart, GridComponent, LegendPlainComponent, TooltipComponent, SVGRenderer])

const options: Record<string, (data: ChartData, theme: Theme) => EChartsCoreOption> = {
  [ids.throughput]: throughputOption,
  [ids.latency]: latencyOption,
  [ids.load]: loadOption,
}

const data = JSON.parse(document.getElementById(ids.data)?.textContent ?? '') as ChartData

for (const [id, optionOf] of Object.entries(options)) {
  const element = document.getElementById(id)
  if (element === null) continue
  const chart = init(element)
  const draw = () => chart.setOption(optionOf(data, readTheme()), true)
  draw()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
  new ResizeObserver(() => chart.resize()).observe(element)
}
