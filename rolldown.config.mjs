import { readFileSync } from 'node:fs'
import { defineConfig } from 'rolldown'

const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const packages = Object.keys({ ...dependencies, ...peerDependencies })

// One file for each thread and one for what they share: each further file costs the start of a worker 0.3 ms.
export default defineConfig({
  input: {
    index: 'src/index.ts',
    task: 'src/task.ts',
    worker: 'src/worker/main.ts',
    synckit: 'src/synckit.ts',
    'synckit-bridge': 'src/synckit/bridge/create-sync-fn.ts',
    'synckit-guard': 'src/synckit/worker/guard.ts',
    'synckit-worker': 'src/synckit/worker/main.ts',
  },
  platform: 'node',
  external: [/^node:/, './synckit-bridge.js', ...packages.map(name => new RegExp(`^${name}(/|$)`))],
  output: {
    dir: 'dist',
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: [
        {
          name: 'channel',
          test: /src\/(channel|worker\/(context|import-from|stall)|pool\/(bounded-loop|queue)|synckit\/(registration|worker\/last-words))/,
        },
        { name: 'bridge', test: /src\/bridge/ },
        { name: 'synckit-common', test: /src\/synckit\/\w+\.ts$/ },
      ],
    },
    strict: true, // as the sources are, being ES modules
    generatedCode: { symbols: false },
    sourcemap: true,
    comments: false,
  },
  logLevel: 'warn',
})
