import { cpSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'
import webpack from 'webpack'
import { answers, install, pack, program, project, run } from './packed.mjs'

const app = project('app', {
  ...program,
  'fail.mjs': `import { AsyncPoolExecutor, ExecutorError } from 'async-pool-executor'
try { new AsyncPoolExecutor().run('./tasks.cjs', 'double', [2]) }
catch (error) { console.log(error instanceof ExecutorError, error.name, error.code, error.message) }`,
})
beforeAll(() => install(app, pack().path))

const name = 'async-pool-executor'

/** Each writes a bundle of an ES module to a path, whose ending tells the module system. */
const bundlers = {
  esbuild: ({ entry, outfile, external, inject = '' }) =>
    build({
      entryPoints: [join(app, entry)],
      bundle: true,
      platform: 'node',
      format: outfile.endsWith('.mjs') ? 'esm' : 'cjs',
      external: external ? [name] : [],
      banner: { js: inject },
      outfile,
      logLevel: 'silent',
    }),

  async webpack({ entry, outfile, external }) {
    const isModule = outfile.endsWith('.mjs')
    const output = { path: dirname(outfile), filename: basename(outfile) }
    const stats = await promisify(webpack)({
      mode: 'production',
      target: 'node',
      context: app,
      entry: `./${entry}`,
      output: isModule ? { ...output, module: true, library: { type: 'module' } } : output,
      experiments: { outputModule: isModule },
      externals: external ? [/^async-pool-executor(\/|$)/] : [],
      externalsType: isModule ? 'module' : 'commonjs',
    })
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString('errors-warnings'))
  },
}

/** A folder with the program's task module and a bundle. */
async function bundle(bundler, extension, { entry = 'use.mjs', ...options }) {
  const kind = options.external ? 'external' : 'inlined'
  const folder = project(`app/${bundler}-${kind}-${entry}-${extension}`, {
    'tasks.cjs': program['tasks.cjs'],
  })
  const outfile = join(folder, `app.${extension}`)
  await bundlers[bundler]({ entry, outfile, ...options })
  return { folder, start: () => run(process.execPath, [outfile], { deadline: 20_000 }) }
}

describe.each(Object.keys(bundlers))('bundled by %s', bundler => {
  test.each(['cjs', 'mjs'])('as external, in a bundle of kind %s, it works as it is', async extension => {
    const { start } = await bundle(bundler, extension, { external: true })
    expect((await start()).stdout).toBe(answers)
  })

  test('as part of the bundle, it works with its files in a folder beside that', async () => {
    const { folder, start } = await bundle(bundler, 'cjs', {})
    cpSync(join(app, 'node_modules', name, 'dist'), join(folder, name), { recursive: true })
    expect((await start()).stdout).toBe(answers)
  })

  test('as part of the bundle, without its files, it says at the first call what is missing', async () => {
    const { start } = await bundle(bundler, 'cjs', { entry: 'fail.mjs' })
    const { stdout } = await start()
    expect(stdout).toMatch(/^true WorkerFileNotFoundError ERR_WORKER_FILE_NOT_FOUND /)
    expect(stdout).toMatch(/there is no file '.*async-pool-executor.worker\.js'/)
    expect(stdout).toContain("keep 'async-pool-executor' external")
  })
})

test('inside a bundle that is an ES module, it says that it cannot find its files', async () => {
  const inject =
    "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
  const { start } = await bundle('esbuild', 'mjs', { entry: 'fail.mjs', inject })
  expect((await start()).stdout).toMatch(/^true WorkerFileNotFoundError .* a bundle that is an ES module/)
})
