/* Runs outside of any test runner, since those that transform modules move the lines by which executors are known. */
import { executor, make } from '../fixtures/self.mjs'

const self = new URL('../fixtures/self.mjs', import.meta.url)
const outcomes = {}
const outcome = future => {
  const error = future.error(10_000)
  return error === null ? future.result() : { code: error.code, message: error.message }
}

const waysToUse = ['run', 'submit', 'trySubmit', 'map', 'nested', 'other']
const waysToEnd = ['join', 'joinAsync', 'shutdown', 'shutdownAsync', 'dispose']
for (const way of [...waysToUse, ...waysToEnd]) outcomes[way] = outcome(executor.submit(self, 'use', [way]))
outcomes.madeHere = make('made')
outcomes.madeThere = outcome(executor.submit(self, 'make', ['made']))
outcomes.afterwards = executor.run(self, 'plain')
outcomes.restarts = executor.stats().restarts
console.log(JSON.stringify(outcomes))
