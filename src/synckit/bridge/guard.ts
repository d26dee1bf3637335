import { threadFile } from '../../bridge/thread-file.js'
import { REQUIRE_ABBR_FLAG } from '../flags.js'

/*
 * Preloads of a worker, such as the register hook of a TypeScript runner, run before its first line, and a blocked
 * caller hears nothing of one that fails. So another goes before them that tells it: worker/guard.ts.
 */

const preload = /(^|\s)(-r|--require|--import|--loader|--experimental-loader)(\s|=|$)/

export function guardedFlags(execArgv: readonly string[]): readonly string[] {
  return execArgv.some(flag => preload.test(flag))
    ? [REQUIRE_ABBR_FLAG, threadFile('synckit-guard.js'), ...execArgv]
    : execArgv
}

/** NODE_OPTIONS come before flags. In the worker, the guard takes itself out of them again. */
export function guardedEnv(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS = '' } = process.env
  // Under Yarn's PnP the guard's file can be read only after the first of them.
  if (!preload.test(NODE_OPTIONS) || process.versions.pnp !== undefined) return { ...process.env }
  const guard = JSON.stringify(threadFile('synckit-guard.js'))
  return { ...process.env, NODE_OPTIONS: `${REQUIRE_ABBR_FLAG} ${guard} ${NODE_OPTIONS}` }
}
