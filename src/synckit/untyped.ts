import { forward, type Helpers } from './forwarded.js'

/** @internal synckit exports it, but has no type for it. */
export const _generateGlobals: Helpers['_generateGlobals'] = forward('_generateGlobals', 2)
