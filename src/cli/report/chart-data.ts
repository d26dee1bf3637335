import type { Distribution } from './histogram.js'
import type { Course } from './timeline.js'

/** What the page's script draws; it finds it as JSON in the page. */
export interface ChartData {
  course: Course
  waits: Distribution
  runs: Distribution
}

/** Ids of elements that the page has and the script looks for. */
export const ids = { data: 'data', throughput: 'throughput', latency: 'latency', load: 'load' } as const
