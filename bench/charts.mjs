import * as echarts from 'echarts'
import { formatNumber } from './lib/figures.mjs'
import { writeResult } from './lib/results.mjs'

const size = { width: 720, height: 340 }
const ourName = 'async-pool-executor'
const ourColour = '#2f7d4f'
const otherColour = '#9aa3ab'
const theirColour = '#c2533f'

/** Draws what has been measured so far. @param {Record<string, any>} results by section */
export function writeCharts(results) {
  if (results['round-trip']) writeResult('round-trip.svg', draw(roundTripChart(results['round-trip'])))
  if (results.memory) writeResult('memory.svg', draw(memoryChart(results.memory)))
  if (results['pool-memory']) writeResult('pool.svg', draw(poolChart(results['pool-memory'])))
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
      curve('piscina: run() never waits', curves.piscina, theirColour, 'right'),
    ],
  }
}

/** Two charts side by side: what is given to a semaphore all at once fills memory, and stops the event loop meanwhile. */
function poolChart({ curves, delays, machine }) {
  const quantities = { p99: '99th percentile', max: 'longest' }
  const keys = Object.keys(quantities)
  const bars = (name, color) => ({
    name,
    type: 'bar',
    xAxisIndex: 1,
    yAxisIndex: 1,
    color,
    data: keys.map(key => delays[name][key]),
    label: { show: true, position: 'top', formatter: ({ value }) => `${formatNumber(value)} ms` },
  })
  return {
    title: titled(
      'Async tasks, 1,000 at a time',
      `resident memory · delay of the event loop over a million tasks; ${describe(machine)}`,
    ),
    grid: [
      { left: 80, width: 260, top: 80, bottom: 50 },
      { left: 430, right: 20, top: 80, bottom: 50 },
    ],
    xAxis: [
      { type: 'value', name: 'million tasks handed over', nameLocation: 'middle', nameGap: 28 },
      { type: 'category', gridIndex: 1, data: Object.values(quantities), axisTick: { show: false } },
    ],
    yAxis: [
      { type: 'value', axisLabel: { formatter: '{value} MB' } },
      { type: 'log', gridIndex: 1, min: 1, axisLabel: { formatter: '{value} ms' } },
    ],
    series: [
      curve('AsyncPool: submit() waits', curves.AsyncPool, ourColour, 'top'),
      curve('semaphore: all at once', curves.semaphore, theirColour, 'right'),
      bars('AsyncPool', ourColour),
      bars('semaphore', theirColour),
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
