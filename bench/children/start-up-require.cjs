const { AsyncPoolExecutor } = require('async-pool-executor')

new AsyncPoolExecutor().run('../peers/tasks.cjs', 'echo', [1])
console.log(performance.now())
