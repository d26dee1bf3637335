import { readFileSync } from 'node:fs'
import { defineConfig } from 'rolldown'

const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const packages = Object.keys({ ...dependencies, ...peerDependencies })

/** What the caller's thread, the worker and the CPU threads have in common; and what only the latter two have. */
const channel =
  /src\/(channel|worker\/context|synckit\/(registration|worker\/last-words)|pool\/(bounded-loop|queue)|bridge\/(abort|callbacks|deadline|function-names|option-checks|report|unread))/
const functions =
  /src\/worker\/(callbacks|carried|functions|modules|import-from|inline|typescript|stall|stdio)/

/**
 * Chunks give what they share with each other through getters, which cost each start half a millisecond in both
 * threads. They are for cycles between chunks, and for variables that change after they are exported; we have neither.
 */
const plainExports = {
  name: 'plain-exports',
  renderChunk: code =>
    code.replaceAll(
      /Object\.defineProperty\(exports, ["'](\w+)["'], \{\s*enumerable: true,\s*get: function ?\(\) \{\s*return (\w+);\s*\}\s*\}\);/g,
      'exports.$1 = $2;',
    ),
}

// One file for each thread and one for what they share: each further file costs the start of a worker 0.3 ms.
export default defineConfig({
  input: {
    index: 'src/index.ts',
    async: 'src/async.ts',
    sync: 'src/sync.ts',
    task: 'src/task.ts',
    worker: 'src/worker/main.ts',
    offload: 'src/worker/offload.ts',
    cpu: 'src/cpu/main.ts',
    synckit: 'src/synckit.ts',
    'synckit-bridge': 'src/synckit/bridge/create-sync-fn.ts',
    'synckit-guard': 'src/synckit/worker/guard.ts',
    'synckit-worker': 'src/synckit/worker/main.ts',
  },
  platform: 'node',
  plugins: [plainExports],
  external: [/^node:/, './synckit-bridge.js', ...packages.map(name => new RegExp(`^${name}(/|$)`))],
  output: {
    dir: 'dist',
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: [
        { name: 'channel', test: channel, priority: 3 },
        { name: 'functions', test: functions, priority: 2 },
        { name: 'bridge', test: /src\/bridge/, priority: 1 },
        { name: 'synckit-common', test: /src\/synckit\/\w+\.ts$/, priority: 1 },
      ],
    },
    strict: true, // as the sources are, being ES modules
    generatedCode: { symbols: false },
    comments: false,
  },
  logLevel: 'warn',
})
