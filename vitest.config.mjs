import { defineConfig } from 'vitest/config'

// Tests use the built package; child processes carry their own deadlines, well below this one.
export default defineConfig({
  test: {
    include: ['test/**/*.test.mjs'],
    testTimeout: 200_000, // for the slowest, with slack
    hookTimeout: 200_000,
    pool: 'forks',
    // The package imports itself by name: Node must load it, or vitest makes a second copy of what it inlines.
    server: { deps: { external: [/\/dist\//] } },
  },
})
