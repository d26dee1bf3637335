/*
 * What is supported where, and the documented limits. `npm run test:runtimes` fails when a check fails that is not
 * listed here, and also when one passes that is: the list, and what the README says, stay true.
 */

export const runtimes = [
  { name: 'Node 20', install: 'node@20', isNode: true },
  { name: 'Node 22', install: 'node@22', isNode: true },
  { name: 'Node 24', install: 'node@24', isNode: true },
  { name: 'Node 26', install: 'node@26', isNode: true },
  { name: 'Bun', install: 'bun', flags: [] },
  { name: 'Deno', install: 'deno', flags: ['run', '-A', '--no-lock'] },
]

export const Limit = {
  /** The check must fail. */
  Fails: 'limit',
  /** It sometimes fails: it is run, for the record. */
  Varies: 'varies',
  /** It is not run: it would take the machine's memory, or say the same as another one. */
  NotRun: 'not run',
}

const noProbe =
  'no death probe: postMessage() does not say whether the other end lives. The threads of the process are looked at ' +
  'instead, which only Linux shows'
const sameWithoutProbe = {
  checks: /^without the probe: /,
  kind: Limit.NotRun,
  why: 'there is none to do without',
}
const ignoresPreloads = {
  checks: /^preload /,
  kind: Limit.Fails,
  why: "a worker's execArgv is ignored, and what it would preload is not loaded",
}
const otherWords = 'it fails as it should, in other words than those of Node'
const rejections = ['load', 'running', 'arguments', 'result', 'drain'].map(moment => `reject, ${moment}`)

const limits = {
  Bun: [
    { checks: ['the death probe'], kind: Limit.Fails, why: noProbe },
    sameWithoutProbe,
    { checks: ['resourceLimits end a worker'], kind: Limit.Fails, why: 'resourceLimits are ignored' },
    { checks: /^oom, /, kind: Limit.NotRun, why: 'resourceLimits are ignored: it would take all memory' },
    {
      checks: rejections,
      kind: Limit.Fails,
      why: 'a stray rejection ends the worker with code 0, and a blocked caller is not told which error it was',
    },
    ignoresPreloads,
    { checks: ['module syntax.mjs'], kind: Limit.Fails, why: otherWords },
  ],
  Deno: [
    { checks: ['the death probe'], kind: Limit.Fails, why: noProbe },
    sameWithoutProbe,
    {
      checks: ['resourceLimits end a worker'],
      kind: Limit.Varies,
      why: 'a thread that is out of memory sometimes stays, neither alive nor gone',
    },
    { checks: /^oom, /, kind: Limit.NotRun, why: 'see "resourceLimits end a worker"' },
    {
      checks: ['terminate, idle', 'terminate, arguments'],
      kind: Limit.Fails,
      why: 'terminate() does not end a thread that is blocked in Atomics.wait; the executor replaces it all the same',
    },
    {
      checks: ['drain after an uncaught error', 'drain after an unhandled rejection'],
      kind: Limit.Fails,
      why: 'no exit hook runs after an uncaught error',
    },
    {
      checks: ['module never.mjs', 'module exports-then.mjs', 'initializer never'],
      kind: Limit.Fails,
      why: "no 'beforeExit' tells a worker that a top-level await can never settle: it hangs, or the worker ends",
    },
    ignoresPreloads,
    { checks: ['module missing.mjs', 'module syntax.mjs'], kind: Limit.Fails, why: otherWords },
    {
      checks: ['an invalid transferList'],
      kind: Limit.Fails,
      why: 'it is refused, with a TypeError that has no code',
    },
  ],
}

const covers = ({ checks }, check) => (checks instanceof RegExp ? checks.test(check) : checks.includes(check))

/** @returns {{ kind: string, why: string } | undefined} */
export function limitOf(runtime, check) {
  return limits[runtime]?.find(limit => covers(limit, check))
}

/** @throws {Error} if a limit is about checks that there are not */
export function refuseStaleLimits(names) {
  for (const limit of Object.values(limits).flat())
    if (!names.some(name => covers(limit, name)))
      throw new Error(`limits.mjs: there is no check ${limit.checks} (${limit.why})`)
}
