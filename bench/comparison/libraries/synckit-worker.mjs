import { runAsWorker } from 'synckit'
import * as exported from '../tasks.mjs'

const tasks = { ...exported }
runAsWorker((name, arg) => tasks[name](arg))
