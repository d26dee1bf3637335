import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'

const measured = [
  'synckit',
  'make-synchronized',
  'make-synchronous',
  'sync-message-port',
  'piscina',
  'tinypool',
  'p-queue',
  'p-limit',
  'fastq',
]

/** What a figure depends on besides the code: kept beside every section's results. */
export function describeMachine() {
  return {
    date: new Date().toISOString(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    cpu: cpus()[0]?.model.trim(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    versions: Object.fromEntries(measured.map(name => [name, versionOf(name)])),
  }
}

function versionOf(name) {
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url)
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}
