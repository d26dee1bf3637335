import { AsyncPool } from 'async-pool-executor/async'
import fastq from 'fastq'
import pLimit from 'p-limit'
import PQueue from 'p-queue'

/**
 * A library that bounds how many async functions run at once, in one thread.
 *
 * @typedef {object} Pool
 * @property {(value: number) => Promise<number>} run runs `fn` when it is its turn
 * @property {(count: number) => Promise<unknown>} handOver hands over so many calls, and waits until all are done
 */

/** @type {Record<string, (size: number, fn: (value: number) => Promise<number>) => Pool>} */
export const pools = {
  'async-pool-executor'(size, fn) {
    const pool = new AsyncPool({ size })
    return {
      run: value => pool.run(fn, value),
      async handOver(count) {
        for (let i = 0; i < count; i++) await pool.submit(fn, i)
        await pool.join()
      },
    }
  },
  'p-queue'(size, fn) {
    const queue = new PQueue({ concurrency: size })
    return {
      run: value => queue.add(() => fn(value)),
      async handOver(count) {
        for (let i = 0; i < count; i++) queue.add(() => fn(i))
        await queue.onIdle()
      },
    }
  },
  'p-limit'(size, fn) {
    const limit = pLimit(size)
    return {
      run: value => limit(fn, value),
      handOver: count => Promise.all(Array.from({ length: count }, (_, i) => limit(fn, i))),
    }
  },
  fastq(size, fn) {
    const queue = fastq.promise(fn, size)
    return {
      run: value => queue.push(value),
      async handOver(count) {
        for (let i = 0; i < count; i++) queue.push(i)
        await queue.drained()
      },
    }
  },
}
