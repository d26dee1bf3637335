import { callback } from 'async-pool-executor'
import { describe, expect, test } from 'vitest'
import { runScript } from './child.mjs'
import { createExecutor } from './helpers.mjs'

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

describe('an error with a property that is nested too deep loses that property alone', () => {
  const nest = depth => {
    let value = {}
    for (let level = 0; level < depth; level++) value = { value }
    return value
  }
  const whole = { name: 'TypeError', message: 'deep', code: 'E_DEEP', errno: -2, shallow: { list: [1] } }

  test.each([600, 2_500, 100_000])('of %i levels', depth => {
    const error = createExecutor()
      .submit(
        (depth, nest) => {
          const deep = new Function(`return ${nest}`)()(depth)
          const cause = Object.assign(new RangeError('within', { cause: 'innermost' }), { deep })
          throw Object.assign(new TypeError('deep', { cause }), {
            deep,
            list: [deep],
            code: 'E_DEEP',
            errno: -2,
            shallow: { list: [1] },
          })
        },
        [depth, String(nest)],
      )
      .error()
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject(whole)
    expect(Object.keys(error)).toEqual(['code', 'errno', 'shallow'])
    expect(error.cause).toBeInstanceOf(RangeError)
    expect(error.cause).toMatchObject({ message: 'within', cause: 'innermost' })
  })

  test('also where it is thrown by a callback', () => {
    const executor = createExecutor()
    const error = Object.assign(new TypeError('deep', { cause: new Error('why') }), whole, {
      deep: nest(2_500),
    })
    const fail = callback(() => {
      throw error
    })
    const received = executor.run(
      async fail => {
        const { name, code, shallow, cause, deep } = await fail().catch(error => error)
        return [name, code, shallow.list, cause.message, deep]
      },
      [fail],
    )
    expect(received).toEqual(['TypeError', 'E_DEEP', [1], 'why', undefined])
  })

  test('also where the caller has too little stack left to read what is nested less deep', () => {
    const executor = createExecutor()
    const future = executor.submit(
      nest => {
        const cause = Object.assign(new RangeError('within'), { code: 'E_WITHIN' })
        throw Object.assign(new TypeError('deep', { cause }), { deep: nest, code: 'E_DEEP', errno: -2 })
      },
      [nest(400)],
    )
    const atDepth = calls => (calls === 0 ? future.error() : atDepth(calls - 1))
    let calls = 1_000
    try {
      for (;;) {
        const probe = n => (n === 0 ? structuredClone(nest(400)) : probe(n - 1))
        probe(calls)
        calls += 200
      }
    } catch {}
    expect(atDepth(calls)).toMatchObject({ message: 'deep', code: 'E_DEEP', cause: { code: 'E_WITHIN' } })
  })
})

describe('an error keeps its class', () => {
  const errorOf = fn => createExecutor().submit(fn).error()

  test('if that belongs to another realm, by name', () => {
    const error = errorOf(() => {
      require('node:vm').runInNewContext(
        `class Odd extends RangeError {}
         throw Object.assign(new AggregateError([new TypeError('within'), new Odd('odd')], 'vm'), { code: 'E_VM' })`,
      )
    })
    expect(error).toBeInstanceOf(AggregateError)
    expect(error).toMatchObject({ name: 'AggregateError', message: 'vm', code: 'E_VM' })
    expect(error.errors[0]).toBeInstanceOf(TypeError)
    expect(error.errors[1]).toBeInstanceOf(RangeError)
    expect(error.errors[1].name).toBe('Odd')
  })

  test('if it extends DOMException', () => {
    const error = errorOf(() => {
      class OutOfQuota extends DOMException {}
      throw Object.assign(new OutOfQuota('full', 'QuotaExceededError'), { extra: 1 })
    })
    expect(error).toBeInstanceOf(DOMException)
    expect(error).toMatchObject({ name: 'QuotaExceededError', message: 'full', code: 22, extra: 1 })
  })

  test('if it is one of WebAssembly', () => {
    for (const name of ['CompileError', 'LinkError', 'RuntimeError']) {
      const error = createExecutor()
        .submit(
          name => {
            throw new WebAssembly[name]('wasm')
          },
          [name],
        )
        .error()
      expect(error).toBeInstanceOf(WebAssembly[name])
      expect(error).toMatchObject({ name, message: 'wasm' })
    }
  })
})

describe('an error arrives', () => {
  test('with a `code` that its class has, and nothing else of that', () => {
    const error = createExecutor()
      .submit(() => {
        class HttpError extends Error {
          get code() {
            return 'E_HTTP'
          }
          get status() {
            return 404
          }
        }
        class Odd extends HttpError {
          get code() {
            throw new Error('no code')
          }
        }
        throw new HttpError('gone', { cause: new Odd('odd') })
      })
      .error()
    expect(error).toMatchObject({ name: 'HttpError', message: 'gone', code: 'E_HTTP' })
    expect(Object.keys(error)).toEqual([])
    expect('status' in error).toBe(false)
    expect(error.cause).toMatchObject({ name: 'Odd', message: 'odd' })
    expect('code' in error.cause).toBe(false)
  })

  test.each([
    ['that is deleted', error => delete error.stack],
    ['that is no text', error => Object.assign(error, { stack: ['frames'] })],
    ['that throws', error => Object.defineProperty(error, 'stack', { get: () => error.no.no })],
  ])('with no false stack in the place of one %s', (_how, spoil) => {
    const error = createExecutor()
      .submit(
        spoil => {
          const error = new RangeError('without frames')
          new Function(`return ${spoil}`)()(error)
          throw error
        },
        [String(spoil)],
      )
      .error()
    const lines = error.stack.split('\n')
    expect(lines.slice(0, 2)).toEqual(['RangeError: without frames', '    --- submitted by ---'])
    expect(lines[2]).toContain('task-errors.test.mjs')
  })

  test('with properties that are one object as one', () => {
    const error = createExecutor()
      .submit(() => {
        const shared = { of: 'both' }
        throw Object.assign(new Error('m', { cause: Object.assign(new Error('c'), { shared }) }), {
          a: shared,
          b: shared,
        })
      })
      .error()
    expect(error.a).toEqual({ of: 'both' })
    expect(error.b).toBe(error.a)
    expect(error.cause.shared).toBe(error.a)
  })
})
