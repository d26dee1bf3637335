/* `node failing-child.mjs <case>`: what a module, preload or initializer that fails does to whoever waits for it. */
import { writeFileSync } from 'node:fs'
import { AsyncPoolExecutor, capture, captureAsync, tasks } from './scenario.mjs'

const folder = new URL('../fixtures/failing/', import.meta.url)
const file = name => new URL(name, folder)
const [kind, name, waiter, scratch] = process.argv.slice(2)

const options = {
  module: {},
  preload: { execArgv: ['--require', file(name).pathname], restart: { max: 1, within: 60_000 } },
  initializer: {
    initializer: { module: file('initializers.mjs'), fn: name },
    restart: { max: 1, within: 60_000 },
    hangTimeout: 300,
  },
}[kind]
const executor = new AsyncPoolExecutor({ size: 2, queueSize: 2, onError: 'ignore', ...options })

const start = Date.now()
const { value, error } = await outcome()
const time = Date.now() - start
const neighbour = kind === 'module' ? executor.run(tasks, 'value', ['unharmed']) : undefined
const chain = []
for (let cause = error; cause instanceof Error; cause = cause.cause)
  chain.push(`${cause.name}: ${cause.message}`)
console.log(JSON.stringify({ value, time, chain, code: error?.code, neighbour }))
executor.shutdown({ timeout: 2_000 })

async function outcome() {
  const args = [moduleOf(), kind === 'module' ? 'f' : 'value']
  switch (waiter) {
    case 'result':
      return capture(() => executor.submit(...args).result())
    case 'run':
      return capture(() => executor.run(...args))
    case 'submit':
      return capture(() => {
        for (let more = 0; more < 20; more++) executor.submit(...args)
        executor.submit(...args).result()
      })
    case 'join': {
      const future = executor.submit(...args)
      executor.join()
      return capture(() => future.result(0))
    }
    case 'map':
      return capture(() => [...executor.map(...args, [1, 2, 3, 4, 5, 6])])
    case 'promise':
      return await captureAsync(executor.submit(...args).promise())
  }
}

function moduleOf() {
  if (kind !== 'module') return tasks
  if (!name.startsWith('syntax')) return file(name)
  writeFileSync(scratch, 'export const f = (') // not kept as a file, which no tool for source code could read
  return scratch
}
