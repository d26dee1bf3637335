import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runChild } from '../faults/support/run-child.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What may differ from one version of Node to the next, and takes little time. */
export const quick = [
  'test/backpressure',
  'test/compose',
  'test/errors',
  'test/futures',
  'test/map',
  'test/modules',
  'test/priorities',
  'test/stdio',
  'test/validation',
  'test/values',
  'test/faults/diagnostics',
  'test/faults/stalls',
  'test/proof/permission',
  'test/proof/security',
]

/**
 * Runs test files with vitest, itself run by the given Node: tests start children with the Node that runs them.
 *
 * @param {string[]} files - as for vitest; none means all
 * @returns {Promise<{ name: string, passed: number, problem?: string }[]>} by test file
 */
export async function runVitest(program, files) {
  const folder = mkdtempSync(join(tmpdir(), 'vitest-'))
  const report = join(folder, 'report.json')
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...files,
    '--reporter=json',
    `--outputFile=${report}`,
  ]
  const { stdout, stderr, timedOut } = await runChild(args, {
    command: program,
    cwd: root,
    deadline: 1_200_000,
  })
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults.map(outcomeOf)
  } catch (cause) {
    const said = timedOut ? 'it hangs' : `${stdout}${stderr}`
    throw new Error(`vitest did not come to its end with ${program}: ${said}`, { cause })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function outcomeOf({ name, assertionResults, status, message }) {
  const failed = assertionResults.filter(result => result.status === 'failed')
  const passed = assertionResults.filter(result => result.status === 'passed').length
  const outcome = { name: `vitest: ${basename(name, '.test.mjs')}`, passed }
  if (status === 'passed') return outcome
  const problems = failed.map(
    ({ fullName, failureMessages: [first] }) => `${fullName}: ${first?.split('\n')[0]}`,
  )
  return { ...outcome, problem: [...problems, message].filter(Boolean).join('\n  ') }
}
