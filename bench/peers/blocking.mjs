import * as ours from './async-pool-executor.mjs'
import * as makeSynchronized from './make-synchronized.mjs'
import * as makeSynchronous from './make-synchronous.mjs'
import * as syncMessagePort from './sync-message-port.mjs'
import * as synckit from './synckit.mjs'

export const blockingPeers = [ours, synckit, makeSynchronized, makeSynchronous, syncMessagePort]
