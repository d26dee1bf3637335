import { readFileSync } from 'node:fs'
import { defineConfig } from 'rolldown'

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const packages = Object.keys(dependencies).map(name => new RegExp(`^${name}(/|$)`))

/** The command uses the library as it is built: bundled in once more it would be another copy of its classes. */
const builtLibrary = {
  name: 'built-library',
  resolveId: source =>
    /^(\.\.\/)+index\.js$/.test(source) ? { id: './index.js', external: true } : undefined,
}

/** What the page of a report loads from is distributed with it, licences included. */
function licences() {
  const texts = [
    ['Apache ECharts', 'node_modules/echarts/NOTICE', 'node_modules/echarts/LICENSE'],
    ['ZRender', 'node_modules/zrender/LICENSE'],
    ['tslib', 'node_modules/tslib/LICENSE.txt'],
  ].map(([name, ...files]) =>
    [`== ${name} ==`, ...files.map(file => readFileSync(file, 'utf8').trim())].join('\n\n'),
  )
  return `/*!\nThe charts are drawn by:\n\n${texts.join('\n\n').replaceAll('*/', '* /').replaceAll('\r\n', '\n')}\n*/`
}

export default defineConfig([
  {
    input: { cli: 'src/cli/main.ts', 'cli-worker': 'src/cli/worker/main.ts' },
    platform: 'node',
    plugins: [builtLibrary],
    external: [/^node:/, ...packages],
    output: {
      dir: 'dist',
      format: 'cjs',
      entryFileNames: '[name].js',
      chunkFileNames: 'cli-[name].js',
      generatedCode: { symbols: false },
      comments: false,
    },
    logLevel: 'warn',
  },
  {
    input: { 'report-charts': 'src/cli/report/browser/charts.ts' },
    platform: 'browser',
    output: {
      dir: 'dist',
      format: 'iife',
      entryFileNames: '[name].js',
      minify: true,
      comments: false,
      postBanner: licences(),
    },
    logLevel: 'warn',
  },
])
