import { AsyncPoolExecutor } from 'async-pool-executor'

const executor = new AsyncPoolExecutor(3)
const futures = []
for (let n = 1; n <= 30; n++) futures.push(executor.submit('./tasks/square.mjs', 'square', [n]))
console.log(futures.map(future => future.result()).join(' '))
