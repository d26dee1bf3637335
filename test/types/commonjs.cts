import library = require('async-pool-executor')

const executor: library.AsyncPoolExecutor = new library.AsyncPoolExecutor(1)
const paths = executor.module<typeof import('node:path')>('node:path')
const name: string = paths.run.basename('/a/b')
const sum: number = executor.run(async (a: number, b: number) => a + b, [1, 2])
// @ts-expect-error an argument of the wrong type
paths.run.basename(5)

export { name, sum }
