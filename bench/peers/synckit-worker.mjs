import { runAsWorker } from 'synckit'
import { echo } from './tasks.mjs'

runAsWorker(echo)
