import { defineConfig } from 'rolldown'

// One file for each thread and one for what they share: each further file costs the start of a worker 0.3 ms.
export default defineConfig({
  input: { index: 'src/index.ts', task: 'src/task.ts', worker: 'src/worker/main.ts' },
  platform: 'node',
  external: /^node:/,
  output: {
    dir: 'dist',
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    codeSplitting: { groups: [{ name: 'channel', test: /src\/(channel|worker\/context)/ }] },
    generatedCode: { symbols: false },
    sourcemap: true,
    comments: false,
  },
  logLevel: 'warn',
})
