import { resolve } from 'node:path'
import { addressOf } from '../../bridge/function-names.js'
import { baseUrl } from '../module.js'
import type { Settings } from '../settings.js'

/** What must be the same for a run to go on where another one stopped. */
export interface Identity {
  module: string
  function: string
  input: string
  format: string
  spread: boolean
  ordered: boolean
  values: boolean
  output: string
  errors: string
}

/** @param fingerprint - of the input's file; undefined for a pipe, which is looked at as it comes */
export function identityOf(settings: Settings, fingerprint: string | undefined): Identity {
  const { module, fn, format, spread = false, ordered = false, values = false, output, errors } = settings
  return {
    module: addressOf(module, fn, baseUrl()).module,
    function: fn,
    input: fingerprint ?? 'a pipe',
    format,
    spread,
    ordered,
    values,
    output: output === undefined ? 'stdout' : resolve(output),
    errors: errors === undefined ? 'among the results' : resolve(errors),
  }
}

/** In words, the first thing that is another; undefined if all is the same. */
export function differenceOf(earlier: Identity, present: Identity): string | undefined {
  for (const key of Object.keys(present) as (keyof Identity)[])
    if (earlier[key] !== present[key]) return `its ${key} was ${earlier[key]}, and is ${present[key]} now`
  return undefined
}
