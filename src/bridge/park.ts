import { now } from '../channel/clock.js'
import { CallerWants } from '../channel/wait.js'
import { createBell } from '../channel/words.js'

/** The doorbell of this thread: every worker that this thread talks to rings it. */
export const bell: Int32Array = createBell()

/** How long a sleeper goes without a look at whether the worker still lives, in ms. */
const slice = 50

/** What this thread looks after whatever it is blocked in: other threads wait for that, and cannot do it. */
export const alsoWatched = new Set<Source>()

/** When this thread last looked after those it waited on. */
let lastLook = 0

/** What a blocked thread waits on: the executors whose messages, or whose queue space, can end the wait. */
export interface Source {
  hasNews(): boolean
  /** Takes in what the worker has sent; true if there was something. */
  takeIn(): boolean
  /** Notices a dead worker, which sends nothing. */
  checkAlive(): void
}

/**
 * Sleeps until a worker rings, `deadline` (on the clock of `now()`) passes, or a look after a dead
 * worker is due; callers look at what they wait for and come back.
 *
 * What is waited for is a message, or queue space. The worker writes it, advances its counter and then rings;
 * `ready` looks at the counter after the bell word is raised, so that one of us sees the other (channel/wait.ts).
 * A dead worker rings no bell: hence the slices.
 */
export function park(
  wants: CallerWants,
  ready: () => boolean,
  deadline: number,
  sources: Iterable<Source>,
): void {
  Atomics.store(bell, 0, wants)
  const outcome = ready() ? 'ok' : Atomics.wait(bell, 0, wants, Math.min(slice, deadline - now()))
  Atomics.store(bell, 0, 0)
  if (outcome !== 'timed-out' && now() - lastLook < slice) return
  lastLook = now() // also when other executors keep ringing: a wait on one that is dead would else go on
  for (const source of new Set([...sources, ...alsoWatched])) source.checkAlive()
}

/** Takes in what has come to any of the sources: true if something has. Otherwise sleeps for a while, until it may. */
export function takeInOrPark(sources: Iterable<Source>, deadline: number): boolean {
  const list = [...sources]
  const tookIn = takeInAll(list)
  if (!tookIn) parkFor(list, deadline)
  return tookIn
}

export function takeInAll(sources: Iterable<Source>): boolean {
  let tookIn = false
  for (const source of sources) tookIn = source.takeIn() || tookIn
  return tookIn
}

/** Sleeps until a message may have come to any of the sources. */
export function parkFor(sources: Iterable<Source>, deadline: number): void {
  const list = [...sources]
  park(CallerWants.Messages, () => list.some(source => source.hasNews()), deadline, list)
}
