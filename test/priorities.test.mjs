import { describe, expect, test } from 'vitest'
import { awaitSignal, createExecutor, createSignals, logged, occupy, openGate, Signal } from './helpers.mjs'
import { fixtures, tasks } from './paths.mjs'

/** Queues tasks with these priorities behind a full house; the numbers of the tasks in the order they started. */
function startOrder(priorities, size = 1, meddle = () => {}) {
  const executor = createExecutor({ size, queueSize: priorities.length })
  const signals = createSignals(priorities.length)
  const { open } = occupy(executor)
  const futures = priorities.map((priority, i) =>
    executor.submit(tasks, 'logAndTurn', [signals, i], priority === undefined ? {} : { priority }),
  )
  meddle(futures)
  open()
  expect(executor.join(20_000)).toBe(true)
  return logged(signals)
}

describe('start order', () => {
  test('is the order of submission', () => {
    const count = 500
    expect(startOrder(Array(count).fill(undefined))).toEqual(Array.from({ length: count }, (_, i) => i))
    expect(startOrder(Array(count).fill(undefined), 7)).toEqual(Array.from({ length: count }, (_, i) => i))
  })

  test('is by priority, the highest first, and equal priorities keep the order of submission', () => {
    expect(startOrder([0, 1, undefined, 5, -1, 5, 1, 0])).toEqual([3, 5, 1, 6, 0, 2, 7, 4])
    expect(startOrder([0.5, 0.25, 1e300, -1e300, -0, 0])).toEqual([2, 0, 1, 4, 5, 3])
  })

  test('holds for many priorities in any order', () => {
    const priorities = Array.from({ length: 1000 }, (_, i) => ((i * i * 7919) % 41) - 20)
    const expected = priorities
      .map((priority, i) => ({ priority, i }))
      .sort((a, b) => b.priority - a.priority || a.i - b.i)
      .map(({ i }) => i)
    expect(startOrder(priorities)).toEqual(expected)
  })

  test('stays right when tasks are cancelled', () => {
    const order = startOrder([2, 1, 2, 1, 0, 2], 1, futures => {
      for (const i of [0, 3, 5]) expect(futures[i].cancel()).toBe(true)
    })
    expect(order).toEqual([2, 1, 4])
  })

  test('a priority whose only task was cancelled can be used again', () => {
    const executor = createExecutor({ size: 1, queueSize: 10 })
    const signals = createSignals(10)
    const { open } = occupy(executor)
    const submit = (i, priority) => executor.submit(tasks, 'logAndTurn', [signals, i], { priority })
    submit(0, 7).cancel()
    submit(1, 3)
    submit(2, 7)
    submit(3, 5)
    submit(4, 5).cancel()
    open()
    executor.join()
    expect(logged(signals)).toEqual([2, 3, 1])
  })

  test('a priority does not interrupt what runs, and does not pass the queue limit', () => {
    const executor = createExecutor({ size: 1, queueSize: 1 })
    const { futures, open } = occupy(executor)
    executor.submit(tasks, 'echo', [1])
    expect(executor.trySubmit(tasks, 'echo', [2], { priority: 100 })).toBeUndefined()
    expect(futures[0].state).toBe('running')
    open()
  })

  test('a late task of high priority passes those that wait', () => {
    const executor = createExecutor({ size: 1, queueSize: 3 })
    const signals = createSignals(3)
    const { open } = occupy(executor)
    executor.submit(tasks, 'logAndTurn', [signals, 1])
    executor.submit(tasks, 'logAndTurn', [signals, 2])
    executor.submit(tasks, 'logAndTurn', [signals, 3], { priority: 1 })
    open()
    executor.join()
    expect(logged(signals)).toEqual([3, 1, 2])
  })

  test('is kept between functions of a module of which only some have been called before', () => {
    const executor = createExecutor({ size: 10, queueSize: 10 })
    const signals = createSignals(10)
    executor.run(tasks, 'log', [signals, 0])
    const held = createSignals()
    executor.submit(tasks, 'hold', [held])
    awaitSignal(held, Signal.Started, 1)
    executor.submit(tasks, 'logAndTurn', [signals, 1])
    executor.submit(tasks, 'log', [signals, 2])
    executor.submit(tasks, 'logAgain', [signals, 3])
    executor.submit(tasks, 'log', [signals, 4])
    openGate(held)
    executor.join()
    expect(logged(signals)).toEqual([0, 1, 2, 3, 4])
  })

  test('is kept while the module is being loaded', () => {
    for (let round = 0; round < 10; round++) {
      const executor = createExecutor({ size: 20, queueSize: 200 })
      const signals = createSignals(200)
      const url = new URL(`tasks.mjs?round=${round}`, fixtures)
      for (let i = 0; i < 200; i++) executor.submit(url, 'log', [signals, i])
      executor.join()
      expect(logged(signals)).toEqual(Array.from({ length: 200 }, (_, i) => i))
    }
  })
})
