import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const folder = new URL('../results/', import.meta.url)
const file = new URL('results.json', folder)

/** What earlier runs left: a run of some sections replaces only those. */
export function readResults() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return {}
    throw error
  }
}

/** @param {Record<string, object>} results by section */
export function writeResults(results) {
  writeResult('results.json', `${JSON.stringify(results, roundNumbers, 2)}\n`)
}

/** @param {string} name @param {string} text */
export function writeResult(name, text) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(name, folder), text)
}

/** Digits beyond what a repetition would confirm only make differences hard to read. */
function roundNumbers(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
}
