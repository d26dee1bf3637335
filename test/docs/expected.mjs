const doubles = Array.from({ length: 30 }, (_, index) => String((index + 1) * 2))

/** The lines that each block `<!-- run: name -->` prints. */
export const expected = {
  'README.md': {
    'demo.cjs': doubles,
    'demo.mjs': doubles,
    'builtin.mjs': ['true'],
    'tour.mjs': ['page 1', 'page 2', 'choosing from 2', 'Grace', '42'],
    'loop.mjs': ['b', '1', '2', '3'],
    'cpu.mjs': ['[ 25, 1229 ]'],
    'remote.mjs': ['42'],
    'share.mjs': ['one two three'],
    'death.cjs': ['true 3', 'still/alive'],
  },
  'docs/async-pool.md': {
    'first.mjs': ['42', '930'],
    'timeout.mjs': ['true ERR_TIMEOUT', 'ERR_CANCELLED'],
    'map.mjs': ['300,10,150', '10,150,300'],
    'failures.mjs': ['fulfilled,fulfilled,rejected,fulfilled', '3 is a multiple of 3', '3 1'],
    'rate.mjs': ['true true'],
    'nested.mjs': ['ERR_DEADLOCK', 'outer', 'inner'],
  },
  'docs/backpressure.md': {
    'full.cjs': ['undefined', 'true', 'undefined'],
    'endless.cjs': ['1', '4', '9'],
  },
  'docs/choosing-a-face.md': {
    'blocking.cjs': ['3', '[ 1, 2 ]', '[ 3, 4 ]'],
    'awaiting.mjs': ['3', '1', '2', 'ERR_CANCELLED', 'closures are fine: here'],
  },
  'docs/cpu-work.md': {
    'cpu-work.mjs': ['neighbour', '[ 25, 168, 25997 ]'],
    'cpu-map.mjs': ['4', '25', '168'],
    'report.mjs': ['3'],
    'cut-short.mjs': ['true', 'true 0'],
  },
  'docs/errors-and-timeouts.md': {
    'arrives.cjs': ['NO_CONNECTION 3 true', 'true true'],
    'timeouts.cjs': ['ERR_TIMEOUT', 'true', 'ERR_TIMEOUT 1', 'ERR_WORKER_DIED', '0'],
  },
  'docs/exit-and-signals.md': {
    'exits.cjs': ['from an exit hook', 'done all the same'],
    'report.cjs': ['4'],
  },
  'docs/functions.md': {
    'functions-inline.mjs': ['42', '[ 3, 5 ]', '1', '2', '3'],
    'functions-captured.mjs': ['true greeting is not defined', 'Hello, Ada', 'notes.txt'],
  },
  'docs/migrating.md': { 'title.cjs': ['Hello'], 'titles.cjs': ['one,two,three'] },
  'docs/migrating-from-python.md': { 'python.mjs': ['2', '4', '6'] },
  'docs/migrating-from-synckit.md': {
    'upper.cjs': ['ONE CALL', 'true not a string: 2', 'AND THE NEXT'],
    'patient.mjs': ['ERR_TIMEOUT Internal error: Atomics.wait() failed: timed-out', '2'],
    'pages.cjs': ['[ 1, 2, 3 ]'],
  },
  'docs/remote.md': {
    'remote.mjs': [
      '{ year: 1815 }',
      'en',
      'Ada 1',
      'true NO_BOOK',
      'Emma 1815',
      'Walden 1854',
      '2',
      '1000000',
    ],
    'remote-death.mjs': ['ERR_WORKER_DIED', 'ERR_WORKER_DIED', '{ year: 1815 }'],
  },
  'docs/typescript.md': {
    'typed.ts': ['20', 'https://example.com/a', '1', '2', '1', '2'],
    'typed-calls.ts': ['20', '4'],
  },
  'docs/sharing.md': { 'owner.mjs': ['1', '2', '3'] },
  'docs/values-streams-callbacks.md': {
    'refused.mjs': ['ERR_NOT_CLONEABLE true'],
    'transfer.mjs': ['0 [ 3, 2, 1 ]'],
    'stream.mjs': ['1', '2', 'the generator has ended', 'a', 'b'],
    'callback.mjs': ['0.5', '1', '1'],
  },
}
