import { runAsWorker } from 'async-pool-executor/synckit'
import { echo } from './tasks.mjs'

runAsWorker(echo)
