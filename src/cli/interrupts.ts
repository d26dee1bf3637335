import { setTimeout as delay } from 'node:timers/promises'
import type { Calls } from './calls.js'
import { statusOfInterrupt } from './status.js'
import type { Interrupt, Stop } from './stop.js'

const interrupts: readonly Interrupt[] = ['SIGINT', 'SIGTERM']

/** How long the worker may take to show that it reacts, in ms. */
const reactionTime = 500

/** The first interrupt stops the run, the second one ends the process at once. */
export class Interrupts {
  readonly #stop: Stop
  /** Undefined before there is anything to stop. */
  calls: Calls | undefined
  /** Called at the first one. */
  onFirst: () => void = () => {}
  /** Called before the process ends at the second one. */
  onSecond: () => void = () => {}
  #count = 0
  readonly #listener = (signal: NodeJS.Signals) => this.#receive(signal as Interrupt)

  constructor(stop: Stop) {
    this.#stop = stop
    for (const signal of interrupts) process.on(signal, this.#listener)
  }

  /** From here on signals do what they do without us. */
  ignore(): void {
    for (const signal of interrupts) process.removeListener(signal, this.#listener)
  }

  #receive(signal: Interrupt): void {
    if (++this.#count > 1) {
      this.ignore()
      this.onSecond()
      void this.#end(signal)
      return
    }
    this.#stop.request({ kind: 'interrupted', signal })
    this.onFirst()
  }

  /**
   * Node ends a process only when its threads have ended, and one that is in a long native call (`execSync`) does not;
   * a signal that nobody listens for waits for nothing. A worker that reacts to its calls being aborted is in no such
   * call.
   */
  async #end(signal: Interrupt): Promise<void> {
    if (!(await this.#workerReacts())) process.kill(process.pid, signal)
    process.exit(statusOfInterrupt[signal])
  }

  /** Whether it shows within its time that it has come round after it was told to abort what runs. */
  async #workerReacts(): Promise<boolean> {
    const { calls } = this
    if (calls === undefined) return true
    const asked = performance.now() // before it is told: it may have reacted when this thread gets on
    calls.abandon()
    for (let waited = 0; waited < reactionTime; waited = performance.now() - asked) {
      const { running, heartbeatAge } = calls.stats()
      if (running === 0 || heartbeatAge <= waited) return true
      await delay(1)
    }
    return false
  }
}
