import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AsyncPoolExecutor, NotCloneableError, TimeoutError } from 'async-pool-executor'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { file, folder, node, runScript, systems } from './child.mjs'
import { createExecutor, thrownBy } from './helpers.mjs'
import { tasks } from './paths.mjs'

const executor = new AsyncPoolExecutor({ size: 2, queueSize: 10 })
afterAll(() => executor.shutdown())

class Holder {
  static async still(x) {
    return ['static', x]
  }
  static *numbers() {
    yield 1
  }
  get size() {
    return 1
  }
  #hidden(x) {
    return ['private', x]
  }
  async #hiddenAsync(x) {
    return ['private async', x]
  }
  own(x) {
    return ['method of a class', x]
  }
  privates() {
    return { hidden: this.#hidden, hiddenAsync: this.#hiddenAsync }
  }
}
const key = Symbol('key')
const object = {
  method(x) {
    return ['method', x]
  },
  async asyncMethod(x) {
    return ['async method', x]
  },
  'quoted name'(x) {
    return ['quoted', x]
  },
  [Symbol.iterator](x) {
    return ['computed', x]
  },
  get(x) {
    return ['get', x]
  },
  async(x) {
    return ['async', x]
  },
  set$(x) {
    return ['set$', x]
  },
  static(x) {
    return ['static name', x]
  },
  set accessor(_value) {},
  7(x) {
    return ['number', x]
  },
}
const { hidden, hiddenAsync } = new Holder().privates()
class Heir extends Holder {
  own(x) {
    return super.own(x)
  }
  async *[String(1 + (2 - 3))]() {
    const inherited = () => super.constructor
    yield inherited
  }
  static still() {
    // biome-ignore lint/complexity/noThisInStatic: that is what is refused
    return super.name
  }
  /** Of another class, that travels along. */
  inner(x) {
    const made = new (class extends Array {
      first() {
        return super.at(0)
      }
    })('super(x)', x)
    return [made.first(), x]
  }
}

const nested =
  'async x => [(function () { return (() => arguments)()[0] })("own"), { arguments: x }.arguments]'

describe('a function that is submitted itself may be', () => {
  test.each([
    ['an arrow function', x => ['arrow', x], 'arrow'],
    ['a function with `arguments`', new Function('return [...arguments]'), 5],
    ['an arrow function with a function that has them', new Function(`return ${nested}`)(), 'own'],
    ['an arrow function of `get` without brackets', new Function('return get => ["get", get]')(), 'get'],
    ['an arrow function of `set` without brackets', new Function('return set\t=> ["set", set]')(), 'set'],
    ['an async arrow function', async x => ['async arrow', x], 'async arrow'],
    [
      'an arrow function with a body',
      async ({ x } = {}, ...rest) => {
        return ['body', x, rest.length]
      },
      'body',
    ],
    [
      'a function expression',
      function (x) {
        return [this === undefined ? 'function' : '', x]
      },
      'function',
    ],
    [
      'an async function with a name, which it may call',
      async function count(x) {
        return x === 5 ? ['named', await count(0)] : x
      },
      'named',
    ],
    ['a method', object.method, 'method'],
    ['an async method', object.asyncMethod, 'async method'],
    ['a method with a quoted name', object['quoted name'], 'quoted'],
    ['a method with a computed name', object[Symbol.iterator], 'computed'],
    ['a method named get', object.get, 'get'],
    ['a method named async', object.async, 'async'],
    ['a method named set$', object.set$, 'set$'],
    ['a method named static', object.static, 'static name'],
    ['a method named by a number', object[7], 'number'],
    ['a method of a class', Holder.prototype.own, 'method of a class'],
    ['a static method', Holder.still, 'static'],
    ['a private method', hidden, 'private'],
    ['a private async method', hiddenAsync, 'private async'],
    ['a method with `super` in a class inside', Heir.prototype.inner, 'super(x)'],
    ['a function made of text', new Function('x', 'return ["text", x] // the end'), 'text'],
  ])('%s', (_what, fn, expected) => {
    expect(executor.run(fn, [5])[0]).toBe(expected)
  })

  test('one for each verb, with the options of each', () => {
    const double = async x => x * 2
    expect(executor.submit(double, [1]).result()).toBe(2)
    expect(executor.trySubmit(double, [2]).result()).toBe(4)
    expect(executor.run(double, [3])).toBe(6)
    expect([...executor.map(double, [1, 2, 3])]).toEqual([2, 4, 6])
    expect([...executor.map(double, [1, 2, 3], { lookAhead: 1, priority: 1 })]).toEqual([2, 4, 6])
    expect(executor.run(() => 'no arguments')).toBe('no arguments')
    const own = createExecutor(1) // the task keeps its slot
    const late = own.submit(() => new Promise(() => {}), [], { timeout: 1 })
    expect(thrownBy(() => late.result())).toBeInstanceOf(TimeoutError)
  })

  test('a generator, for streams', async () => {
    const count = async function* (to) {
      for (let number = 0; number < to; number++) yield number
    }
    const numbers = []
    for (const number of executor.stream(count, [3], { lookAhead: 1 })) numbers.push(number)
    for await (const number of executor.streamAsync(count, [2])) numbers.push(number)
    expect(numbers).toEqual([0, 1, 2, 0, 1])
    expect([...executor.stream(Holder.numbers)]).toEqual([1])
    const { items } = {
      async *items() {
        yield* ['a', 'b']
      },
    }
    expect([...executor.stream(items)]).toEqual(['a', 'b'])
  })

  test('run in a CPU thread', () => {
    const own = createExecutor({ size: 2, cpuThreads: 1 })
    expect(own.run((a, b) => a + b, [1, 2], { offload: true })).toBe(3)
    const missing = new Function('return captured')
    const error = thrownBy(() => own.run(missing, [], { offload: true }))
    expect(error).toBeInstanceOf(ReferenceError)
    expect(error.message).toContain('without its surroundings')
  })

  test('submitted from an event loop', async () => {
    const double = async x => x * 2
    await expect(executor.runAsync(double, [1])).resolves.toBe(2)
    expect((await executor.submitAsync(double, [2])).result()).toBe(4)
    const values = []
    for await (const value of executor.mapAsync(double, [1, 2], { ordered: false })) values.push(value)
    expect(values.sort()).toEqual([2, 4])
    await expect(executor.runAsync(Map)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })

  test('known by its name in messages', () => {
    async function fetchPage() {
      await new Promise(() => {})
    }
    const own = createExecutor(2)
    const future = own.submit(fetchPage, [], { timeout: 1 })
    expect(future.error().message).toMatch(/^inline fetchPage /)
    const anonymous = own.submit(() => () => {})
    expect(anonymous.error()).toBeInstanceOf(NotCloneableError)
    expect(anonymous.error().message).toContain('inline function')
  })
})

describe('inside it', () => {
  test('this is undefined, and the code is strict', () => {
    expect(executor.run(() => this === undefined)).toBe(true)
    expect(
      executor.run(function () {
        return this === undefined
      }),
    ).toBe(true)
    const { method } = {
      method() {
        return this === undefined
      },
    }
    expect(executor.run(method)).toBe(true)
    const undeclared = new Function('notDeclared = 1')
    expect(thrownBy(() => executor.run(undeclared))).toBeInstanceOf(ReferenceError)
  })

  test.each(systems)('import() and require resolve from base (%s)', async system => {
    const home = folder()
    file('helper.mjs', "export const where = 'beside base'", home)
    file('helper.cjs', "module.exports = 'required'", home)
    const body = `const executor = new AsyncPoolExecutor({ size: 1, base: ${JSON.stringify(home)} })
      say(executor.run(async () => (await import('./helper.mjs')).where))
      say(executor.run(() => require('./helper.cjs')))
      say(executor.run(async () => typeof (await import('async-pool-executor/task')).currentTask))
      say(executor.run(async () => (await import('node:path')).basename(__dirname)) === ${JSON.stringify(home.split('/').at(-1))} ? 'folder' : '')`
    expect(await runScript(system, body)).toMatchObject({
      lines: ['beside base', 'required', 'function', 'folder'],
      code: 0,
      stderr: '',
    })
  })

  test.each(systems)('currentTask() is there from the first call on (%s)', async system => {
    const body = `const executor = new AsyncPoolExecutor({ size: 2 })
      const told = []
      const future = executor.submit(async value => {
        const { currentTask } = await import('async-pool-executor/task')
        const task = currentTask()
        task.progress(value)
        await null
        return [task.id, currentTask().id, task.signal.aborted]
      }, ['so far'], { onProgress: value => told.push(value) })
      say(JSON.stringify(future.result()) === JSON.stringify([future.id, future.id, false]))
      say(told.join())
      say(executor.run(() => require('async-pool-executor/task').currentTask().attempt))`
    expect(await runScript(system, body)).toMatchObject({
      lines: ['true', 'so far', '1'],
      code: 0,
      stderr: '',
    })
  })

  test('the base is by default the file that constructed the executor', async () => {
    const home = folder()
    file('helper.mjs', "export const where = 'beside the script'", home)
    const path = file(
      'script.mjs',
      `import { AsyncPoolExecutor } from 'async-pool-executor'
       console.log(new AsyncPoolExecutor(1).run(async () => (await import('./helper.mjs')).where))`,
      home,
    )
    expect(await node([path])).toMatchObject({ lines: ['beside the script'], code: 0, stderr: '' })
  })

  test('errors say in their stack that their lines are those of the function', () => {
    const fail = async () => {
      throw new RangeError('from inside')
    }
    const error = thrownBy(() => executor.run(fail))
    expect(error).toBeInstanceOf(RangeError)
    expect(error.stack).toMatch(/inline fail in inline\.test\.mjs:2:/)
  })

  test('the roots of modules do not apply', () => {
    const own = createExecutor({ size: 1, roots: [folder()] })
    expect(own.run(async () => 'inline')).toBe('inline')
    expect(thrownBy(() => own.run(tasks, 'add', [1, 2])).message).toContain('roots')
  })

  test.each(['--disallow-code-generation-from-strings', '--frozen-intrinsics'])('with %s', async flag => {
    const body = `say(String(new AsyncPoolExecutor(1).run(async x => (await import('node:path')).basename(x), ['/a/b'])))`
    const { lines, code } = await runScript('require', body, { flags: [flag] })
    expect({ lines, code }).toEqual({ lines: ['b'], code: 0 })
  })
})

describe('a variable of the surroundings', () => {
  const captured = 1

  test.each([
    ['at once', () => captured + 1],
    [
      'after a wait',
      async () => {
        await null
        return captured + 1
      },
    ],
    ['in a function inside', async () => [1].map(one => one + captured)],
    ['in a default', (one = captured) => one],
    ['in the name of a method', { [key]() {} }[key]],
    [
      'in a generator',
      async function* () {
        yield captured
      },
    ],
  ])('is a ReferenceError that says why: %s', (_when, fn) => {
    const isGenerator = /Generator/.test(fn.constructor.name)
    const error = thrownBy(() => (isGenerator ? [...executor.stream(fn)] : executor.run(fn)))
    expect(error).toBeInstanceOf(ReferenceError)
    expect(error.name).toBe('ReferenceError')
    expect(error.message).toMatch(/^(captured|key) is not defined\. .*without its surroundings.*arguments/)
    expect(error.stack).toContain(error.message)
  })

  test('is missed, whatever it is called', () => {
    const [module, exports, __fileOf, fileOf, file, create] = [1, 2, 3, 4, 5, 6]
    const functions = { module: () => module, exports: async () => exports + 1, __fileOf: () => __fileOf }
    Object.assign(functions, { fileOf: () => fileOf, file: () => file, create: () => create })
    for (const [name, fn] of Object.entries(functions)) {
      const error = thrownBy(() => executor.run(fn))
      expect(error).toBeInstanceOf(ReferenceError)
      expect(error.message).toMatch(new RegExp(`^${name} is not defined\\. .*without its surroundings`))
      expect(error.stack).toContain(error.message)
    }
  })

  test('of CommonJS that says where the file is does, as require does', () => {
    const where = new Function('return [__filename, __dirname, require.resolve("./paths.mjs")]')
    const own = fileURLToPath(import.meta.url)
    expect(executor.run(where)).toEqual([own, dirname(own), join(dirname(own), 'paths.mjs')])
  })

  test('is not there for typeof', () => {
    expect(executor.run(() => typeof captured)).toBe('undefined')
  })

  test('that a compiler or a test runner has put in gives another hint', () => {
    for (const name of ['__awaiter', '_async_to_generator', '__vite_ssr_import_0__', 'node_fs_1']) {
      const error = thrownBy(() => executor.run(new Function(`return ${name}(1)`)))
      expect(error).toBeInstanceOf(ReferenceError)
      expect(error.message).toMatch(
        new RegExp(`^${name} is not defined\\. .*'${name}'.*compiler.*into a module`),
      )
    }
  })

  test('other ReferenceErrors are left alone', () => {
    const elsewhere = () => {
      throw new ReferenceError(['some', 'where is not defined'].join(''))
    }
    expect(thrownBy(() => executor.run(elsewhere)).message).toBe('somewhere is not defined')
    const other = () => {
      throw new ReferenceError('no such thing')
    }
    expect(thrownBy(() => executor.run(other)).message).toBe('no such thing')
    const frozen = () => {
      throw Object.freeze(new ReferenceError('captured is not defined'))
    }
    expect(thrownBy(() => executor.run(frozen)).message).toBe('captured is not defined')
    const proxied = () => {
      const trap = () => {
        throw new Error('captured is not defined')
      }
      throw new Proxy(new ReferenceError('captured is not defined'), { get: trap, getPrototypeOf: trap })
    }
    expect(thrownBy(() => executor.run(proxied))).toBeDefined()
    expect(executor.stats().restarts).toBe(0)
    const custom = () => {
      throw new Error('captured is not defined')
    }
    expect(thrownBy(() => executor.run(custom)).message).toBe('captured is not defined')
  })

  test('the helper that esbuild uses for names is there', () => {
    const named = new Function('const fn = __name(() => 1, "given"); return [fn.name, fn()]')
    expect(executor.run(named)).toEqual(['given', 1])
  })
})

describe('refused at the call is', () => {
  const getter = Object.getOwnPropertyDescriptor(Holder.prototype, 'size').get
  const setter = Object.getOwnPropertyDescriptor(object, 'accessor').set

  test.each([
    ['a native function', Array.prototype.push, /native.*Received \[Function: push\]/],
    ['a native constructor', Map, /native.*Map/],
    ['a native getter', Object.getOwnPropertyDescriptor(Map.prototype, 'size').get, /native/],
    ['a bound function', object.method.bind(object), /bound.*Received \[Function: bound method\]/],
    ['a bound arrow function', (() => 1).bind(), /bound/],
    ['a proxy of a function', new Proxy(() => 1, {}), /prox/],
    ['a class', Holder, /class.*Received \[class Holder\]/],
    ['a class without a name', class {}, /class/],
    ['a getter', getter, /getter/],
    ['a setter', setter, /setter/],
    ['code that needs its class', new Holder().privates, /#hidden/],
    [
      'code that calls the method of a parent',
      new (class extends Holder {
        arrow = () => super.own(1)
      })().arrow,
      /super/,
    ],
    ['a method that calls the method of a parent', Heir.prototype.own, /super/],
    ['a generator method that names its parent', Heir.prototype[1 + (2 - 3)], /super/],
    ['a static method that names its parent', Heir.still, /super/],
    [
      'a method of an object that has a parent',
      {
        m() {
          return super.toString
        },
      }.m,
      /super/,
    ],
    [
      '`arguments` in an arrow function',
      new Function('return async () => [() => arguments[0]]')(),
      /around it/,
    ],
    ['code that is not strict', new Function('with ({}) return 1'), /strict/],
  ])('%s', (_what, fn, reason) => {
    for (const call of [
      () => executor.submit(fn),
      () => executor.trySubmit(fn, []),
      () => executor.run(fn),
      () => executor.map(fn, [1]),
    ]) {
      const error = thrownBy(call)
      expect(error).toBeInstanceOf(TypeError)
      expect(error.code).toBe('ERR_INVALID_ARG_VALUE')
      expect(error.message).toMatch(/^The "fn" argument must be a function that can be sent/)
      expect(error.message).toMatch(reason)
    }
    expect(executor.stats().queued + executor.stats().running).toBe(0)
  })

  test('what is wrong with its arguments and options', () => {
    const fn = x => x
    const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
    expect(thrownBy(() => executor.submit(fn, 'name'))).toMatchObject(type)
    expect(thrownBy(() => executor.submit(fn, null))).toMatchObject(type)
    expect(thrownBy(() => executor.submit(fn, [], { nothing: 1 }))).toMatchObject(type)
    expect(thrownBy(() => executor.map(fn, 5))).toMatchObject(type)
    expect(thrownBy(() => executor.map(fn))).toMatchObject(type)
    expect(thrownBy(() => executor.run(fn, [() => {}]))).toBeInstanceOf(NotCloneableError)
    expect(executor.run(fn, [1])).toBe(1)
  })
})

describe('the work is done once', () => {
  /** How often the source of `fn` is asked for while `action` runs. */
  function countReadings(fn, action) {
    const readings = vi.spyOn(Function.prototype, 'toString')
    try {
      action()
      return readings.mock.contexts.filter(context => context === fn).length
    } finally {
      readings.mockRestore()
    }
  }

  test('the text of a function is read at its first submit', () => {
    const fn = x => x + 1
    const submitTwenty = () => {
      for (let x = 0; x < 20; x++) expect(executor.run(fn, [x])).toBe(x + 1)
    }
    expect(countReadings(fn, submitTwenty)).toBe(1)
    expect(countReadings(fn, submitTwenty)).toBe(0)
  })

  test('the worker compiles a text once, even of functions that are made again and again', () => {
    const make = () =>
      function counted() {
        counted.calls = (counted.calls ?? 0) + 1
        return counted.calls
      }
    const calls = Array.from({ length: 10 }, () => executor.run(make()))
    expect(calls).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  test('a worker that replaces a dead one is sent the function again', () => {
    const own = createExecutor({ size: 1, queueSize: 5 })
    const fn = function counted() {
      counted.calls = (counted.calls ?? 0) + 1
      return counted.calls
    }
    expect([own.run(fn), own.run(fn)]).toEqual([1, 2])
    expect(own.submit(() => process.exit(3)).error().exitCode).toBe(3)
    expect([own.run(fn), own.run(fn)]).toEqual([1, 2])
  })
})
