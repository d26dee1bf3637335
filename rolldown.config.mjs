import { readFileSync } from 'node:fs'
import { defineConfig } from 'rolldown'

const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const packages = Object.keys({ ...dependencies, ...peerDependencies })

/** What the caller's thread, the worker and the CPU threads have in common; and what only the latter two have. */
const channel =
  /src\/(channel|worker\/context|pool\/(bounded-loop|queue)|bridge\/(function-names|option-checks))/
const functions = /src\/worker\/(functions|modules|import-from|inline|typescript|stall|stdio)/

// One file for each thread and one for what they share: each further file costs the start of a worker 0.3 ms.
export default defineConfig({
  input: {
    index: 'src/index.ts',
    task: 'src/task.ts',
    worker: 'src/worker/main.ts',
    offload: 'src/worker/offload.ts',
    cpu: 'src/cpu/main.ts',
  },
  platform: 'node',
  external: [/^node:/, ...packages.map(name => new RegExp(`^${name}(/|$)`))],
  output: {
    dir: 'dist',
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: [
        { name: 'channel', test: channel, priority: 2 },
        { name: 'functions', test: functions, priority: 1 },
      ],
    },
    strict: true, // as the sources are, being ES modules
    generatedCode: { symbols: false },
    sourcemap: true,
    comments: false,
  },
  logLevel: 'warn',
})
