import { AsyncPoolExecutor } from 'async-pool-executor'

new AsyncPoolExecutor().run('../peers/tasks.mjs', 'echo', [1])
console.log(performance.now())
