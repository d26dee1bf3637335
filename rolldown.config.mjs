import { readFileSync } from 'node:fs'
import { defineConfig } from 'rolldown'

const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const packages = Object.keys({ ...dependencies, ...peerDependencies })

// One file for each thread and one for what they share: each further file costs the start of a worker 0.3 ms.
export default defineConfig({
  input: { index: 'src/index.ts', sync: 'src/sync.ts', task: 'src/task.ts', worker: 'src/worker/main.ts' },
  platform: 'node',
  external: [/^node:/, ...packages.map(name => new RegExp(`^${name}(/|$)`))],
  output: {
    dir: 'dist',
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: [{ name: 'channel', test: /src\/(channel|worker\/context|bridge\/(deadline|validate))/ }],
    },
    generatedCode: { symbols: false },
    sourcemap: true,
    comments: false,
  },
  logLevel: 'warn',
})
