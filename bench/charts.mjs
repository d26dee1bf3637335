import * as echarts from 'echarts'
import { formatNumber } from './lib/figures.mjs'
import { writeResult } from './lib/results.mjs'

const size = { width: 720, height: 340 }
const ourName = 'async-pool-executor'
const ourColour = '#2f7d4f'
const otherColour = '#9aa3ab'

/** Draws what has been measured so far. @param {Record<string, any>} results by section */
export function writeCharts(results) {
  if (results['round-trip']) writeResult('round-trip.svg', draw(roundTripChart(results['round-trip'])))
  if (results.memory) writeResult('memory.svg', draw(memoryChart(results.memory)))
}

function draw(option) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size })
  // A background of its own: without one, dark text is lost on a dark page.
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'sans-serif' },
    ...option,
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}

function roundTripChart({ peers, machine }) {
  const names = Object.keys(peers).sort((a, b) => peers[b].median - peers[a].median)
  return {
    title: titled(
      'One blocking call of an async function',
      `median, µs, less is better; ${describe(machine)}`,
    ),
    grid: { left: 150, right: 70, top: 70, bottom: 30 },
    xAxis: { type: 'value', axisLabel: { formatter: '{value} µs' } },
    yAxis: { type: 'category', data: names, axisTick: { show: false } },
    series: [
      {
        type: 'bar',
        barWidth: '55%',
        data: names.map(name => ({
          value: peers[name].median,
          itemStyle: { color: name === ourName ? ourColour : otherColour },
        })),
        label: { show: true, position: 'right', formatter: ({ value }) => `${formatNumber(value)} µs` },
      },
    ],
  }
}

function memoryChart({ curves, machine }) {
  return {
    title: titled('Memory while one synchronous loop submits', `resident memory; ${describe(machine)}`),
    grid: { left: 80, right: 40, top: 70, bottom: 50 },
    xAxis: { type: 'value', name: 'million submits', nameLocation: 'middle', nameGap: 28 },
    yAxis: { type: 'value', axisLabel: { formatter: '{value} MB' } },
    series: [
      curve(`${ourName}: submit() waits for space`, curves[ourName], ourColour, 'top'),
      curve('piscina: run() never waits', curves.piscina, '#c2533f', 'right'),
    ],
  }
}

/** @param {[submits: number, bytes: number][]} samples @param {'top' | 'right'} position of the name */
function curve(name, samples, color, position) {
  // Above a long curve, beside the end of a short one.
  const place = position === 'top' ? Math.floor(samples.length * 0.65) : samples.length - 1
  const data = samples.map(([submits, bytes]) => [submits / 1e6, bytes / 1e6])
  const label = { formatter: name, position, color, fontWeight: 'bold' }
  return {
    type: 'line',
    showSymbol: false,
    color,
    lineStyle: { width: 2.5 },
    data,
    markPoint: { symbol: 'circle', symbolSize: 1, data: [{ coord: data[place] }], label },
  }
}

function titled(text, subtext) {
  return { text, subtext, left: 12, top: 8, textStyle: { fontSize: 16 } }
}

function describe({ node, cpus, cpu }) {
  return `Node ${node}, ${cpus} cores, ${cpu}`
}
