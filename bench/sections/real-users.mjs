import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runForJson } from '../lib/child.mjs'
import { formatNumber } from '../lib/figures.mjs'
import { interleaveUndisturbed } from '../lib/quiet.mjs'
import { median } from '../lib/stats.mjs'
import { createFiles, createProjects, users } from '../real-users/projects.mjs'

export const title = "Packages that use synckit, linting with it and with this package's drop-in"
export const reference = 'synckit'

const rounds = 7

export async function measure() {
  const home = mkdtempSync(join(tmpdir(), 'async-pool-executor-users-'))
  try {
    const projects = createProjects(home)
    const files = createFiles(home)
    const figures = []
    for (const user of Object.keys(users)) figures.push(...(await measureUser(user, projects, files[user])))
    return { figures }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

async function measureUser(user, projects, files) {
  const subjects = Object.entries(projects).map(([name, folder]) => [name, () => lint(folder, user, files)])
  const runs = await interleaveUndisturbed(Object.fromEntries(subjects), rounds)
  const theirs = median(runs[reference])
  return Object.entries(runs).map(([name, times]) => ({
    subject: user,
    measure: `${files.length} files with ${name}`,
    value: median(times),
    unit: 'ms',
    ratio: median(times) / theirs,
    note: `${formatNumber(Math.min(...times))} to ${formatNumber(Math.max(...times))}`,
  }))
}

async function lint(folder, user, files) {
  const { ms } = await runForJson([process.execPath, join(folder, users[user]), ...files])
  return ms
}
