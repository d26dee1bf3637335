/**
 * What is supported where, and the documented limits: checks of `checks.cjs` that are known to fail in a runtime.
 * `npm run test:runtimes` fails if a supported runtime fails a check, and says so if a limit is no longer one.
 */
export const runtimes = [
  { name: 'Node 20', install: 'node@20', supported: true },
  { name: 'Node 22', install: 'node@22', supported: true },
  { name: 'Node 24', install: 'node@24', supported: true },
  { name: 'Node 26', install: 'node@26', supported: true },
  { name: 'Bun', install: 'bun', supported: false },
  { name: 'Deno', install: 'deno', supported: false },
]

const noProbe = 'no death probe: postMessage() does not say that the other end is gone'

/** By runtime: the check, and why it fails. */
export const limits = {
  Bun: {
    'death probe': noProbe,
    'death by oom': `${noProbe}, and a thread that is out of memory ends the process or tells nobody`,
    'death by terminate': `${noProbe}: a blocked caller does not hear of terminate(), an event loop does`,
    'death by reject':
      'a stray rejection ends the worker without uncaughtExceptionMonitor: the error is not known',
    shutdown: 'a worker that has ended is not seen as ended while the caller is blocked',
  },
  Deno: {
    'death probe': noProbe,
    'death by oom': `${noProbe}: only an event loop hears of it`,
    'death by loop': "terminate() emits 'exit' at once, which becomes the reason",
    'shutdown with timeout': "terminate() emits 'exit' at once: what was abandoned counts as died",
    'drain after an uncaught error': 'Deno runs no exit hook after an uncaught error',
    'drain after an unhandled rejection': 'Deno runs no exit hook after an unhandled rejection',
  },
}
