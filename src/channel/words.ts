/** One 64-byte cache line of Int32 words: two words that different threads write never share a line. */
enum Line {
  Words = 16,
}

/**
 * Indexes into the shared Int32Array of one channel. All counters only grow and wrap at 2^31, so they are
 * compared by difference. Each word has one writer, except `WorkerParked`, which the worker raises and
 * whoever wakes it lowers, and `SpaceAwaited` and `Grant`, which one side raises and either may lower.
 */
export enum Word {
  /** Messages the caller has posted. Written by the caller, after the message itself. */
  CallerPosted = 0 * Line.Words,
  /** 1 while the caller finds that spinning pays; the worker spins only then. */
  Spinning = 0 * Line.Words + 1,
  /** Messages from the worker that the caller has read and dealt with. Not stored atomically: it may be seen late. */
  CallerRead = 0 * Line.Words + 2,
  /** Messages the worker has posted. Written by the worker, after the message itself. */
  WorkerPosted = 1 * Line.Words,
  /** Messages from the caller that the worker has read; stored after it has said so if it could not read one. */
  WorkerRead = 1 * Line.Words + 1,
  /** What a worker that sleeps in its event loop wants to be woken for: a {@link WorkerWants}. */
  WorkerParked = 2 * Line.Words,
  /** Tasks that have left the worker's queue: started, or cancelled before they could start. */
  Dequeued = 3 * Line.Words,
  /** Tasks the worker is done with: their slot is free, or they were cancelled in the queue. */
  Released = 4 * Line.Words,
  /** How far the worker's life has got: a {@link WorkerState}. */
  WorkerState = 5 * Line.Words,
  /** The code the worker exited with, once its state is `Exited`. */
  ExitCode = 5 * Line.Words + 1,
  /** 1 once a task's module has registered an exit hook in the worker. */
  HasExitHooks = 5 * Line.Words + 2,
  /** How many probes the worker has answered. */
  ProbesSeen = 5 * Line.Words + 3,
  /** When the worker's loop last came round, in ms since the channel's epoch. */
  Heartbeat = 5 * Line.Words + 4,
  /** The number that the system knows the worker's thread by; 0 until it runs, and where the system does not say. */
  ThreadId = 5 * Line.Words + 7,
  /**
   * 1 while the caller wants a message when a task leaves the queue or its slot; the worker lowers it. It looks here
   * twice for each task, so not beside a word that the caller writes for each.
   */
  SpaceAwaited = 5 * Line.Words + 5,
  /** 1 when a caller that wished for a place in a shared queue has been given one, until it takes it. */
  Grant = 5 * Line.Words + 6,
  /** How many CPU threads the worker has. */
  CpuThreads = 5 * Line.Words + 8,
  /** In the words of a shared executor's owner: the tasks of other threads, queued or running. */
  TasksOfOthers = 5 * Line.Words + 9,
  /** First of the slots that hold the ids of started tasks whose outcome has not been posted (0: free). */
  RunningIds = 6 * Line.Words,
}

export enum WorkerState {
  /** The thread has not come to its first line. */
  Starting,
  /** The initializer runs. */
  Initializing,
  Ready,
  /** The thread's exit hooks run: no task will ever settle again. */
  Exiting,
  Exited,
}

/**
 * A task's outcome is posted at the end of the turn in which it settles, and its slot stays taken until then;
 * twice `size` slots let the next task start in the same turn.
 */
export function runningSlots(size: number): number {
  return 2 * size
}

/** Where the start time of the task in a slot is kept, in ms since the channel's epoch. */
export function startedAt(slot: number, size: number): number {
  return slot + runningSlots(size)
}

/**
 * What stands for the start of a task that has a slot and waits for a CPU thread: so far in the future (12.4 days)
 * that its age is 0, and neither side counts the wait as running time.
 */
export function notYetStarted(time: number): number {
  return (time + 2 ** 30) | 0
}

/** @param firstCount - where the counters begin; tests begin just below the wrap */
export function createWords(size: number, firstCount = 0): Int32Array {
  const length = histogram(size, Histogram.Run) + histogramBuckets
  const words = new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT))
  const counters = [Word.CallerPosted, Word.CallerRead, Word.WorkerPosted, Word.WorkerRead]
  for (const counter of [...counters, Word.Dequeued, Word.Released]) words[counter] = firstCount
  return words
}

/** What the worker keeps histograms of: how long tasks waited in its queue, and how long they ran. */
export enum Histogram {
  Wait,
  Run,
}

const histogramBuckets = 64
/** Times below this, in ms, fall in the first bucket; each three further buckets double the time. */
const finest = 1 / 16

/** The word of a histogram's first bucket. */
export function histogram(size: number, which: Histogram): number {
  return Word.RunningIds + 2 * runningSlots(size) + which * histogramBuckets
}

/** Which bucket a time in ms belongs to. */
export function bucketOf(ms: number): number {
  return ms < finest ? 0 : Math.min(1 + Math.floor(3 * Math.log2(ms / finest)), histogramBuckets - 1)
}

/** The times in ms below which these fractions of a histogram lie, rounded up to the end of a bucket. */
export function quantiles(words: Int32Array, first: number, fractions: readonly number[]): number[] {
  const buckets = words.subarray(first, first + histogramBuckets)
  const total = buckets.reduce((sum, count) => sum + count, 0)
  return fractions.map(fraction => {
    let below = 0
    for (const [index, count] of buckets.entries()) {
      below += count
      if (below > 0 && below >= total * fraction) return finest * 2 ** (index / 3)
    }
    return 0
  })
}

/** The doorbell of a calling thread: one word, a {@link CallerWants}, rung by every worker of that thread. */
export function createBell(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Line.Words * Int32Array.BYTES_PER_ELEMENT))
}

/** How far `counter` is ahead of `seen`, however often both have wrapped. */
export function ahead(counter: number, seen: number): number {
  return (counter - seen) | 0
}

/** The time since the channel's epoch in ms. It wraps after 24.8 days, so times are compared by `ahead`. */
export function sinceEpoch(epoch: number, now: number): number {
  return Math.trunc(now - epoch) | 0
}
