import { describe, expect, test } from 'vitest'
import { runScript } from './child.mjs'

describe.each(['throw new RangeError("from the hook")', 'return sites => sites', 'return undefined'])(
  'with an Error.prepareStackTrace of { %s }',
  hook => {
    test('of the caller, every task settles, with its error', async () => {
      const { lines, code } = await runScript(
        'import',
        `const executor = new AsyncPoolExecutor(2)
         const show = error => say([error.name, error.message, error.code].join(' '))
         executor.run(tasks, 'echo', [0])
         const failing = executor.submit(tasks, 'fail', ['as it was'])
         Error.prepareStackTrace = () => { ${hook} }
         show(failing.error())
         show(executor.submit(() => process.exit(3)).error())
         try { executor.run(() => { throw new DOMException('of the web', 'AbortError') }) } catch (error) { show(error) }
         say(String(executor.run(tasks, 'echo', [7])))`,
      )
      expect({ lines, code }).toEqual({
        lines: [
          'Error as it was ',
          expect.stringMatching(/^WorkerDiedError the worker died .* ERR_WORKER_DIED$/),
          'AbortError of the web 20',
          '7',
        ],
        code: 0,
      })
    })

    test('of the worker, so does a callback that fails, and the worker lives on', async () => {
      const { lines } = await runScript(
        'import',
        `const { callback } = await import('async-pool-executor')
         const executor = new AsyncPoolExecutor(2)
         executor.run(() => { Error.prepareStackTrace = () => { ${hook} } })
         const fail = callback(() => { throw new RangeError('mine') })
         say(executor.run(async fail => await fail().catch(error => error.name + ' ' + error.message), [fail]))
         say(String(executor.stats().restarts))`,
      )
      expect(lines).toEqual(['RangeError mine', '0'])
    })
  },
)
