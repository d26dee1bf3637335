import { unreadable } from '../channel/cloneable.js'
import { encodeError } from '../channel/error-record.js'
import { type InsteadResponse, Outcome, Request, Response, type UnreadRequest } from '../channel/records.js'
import type { Caller } from './caller.js'

/**
 * What takes the place of a message that a caller could not read: what it carried fails, and nothing else. The caller
 * deals with nothing that came later until it has this.
 */
export function substituteFor(caller: Caller, [, number, reason]: UnreadRequest): InsteadResponse[1] {
  const posted = caller.outbox.findPosted(number)
  switch (posted?.kind) {
    case 'outcome': {
      const error = unreadable(`the result of ${posted.label}`, reason)
      return [Response.Settled, posted.id, Outcome.Failed, encodeError(error)]
    }
    case 'error':
      return [Response.Settled, posted.id, Outcome.Failed, posted.record]
    case 'item': {
      const error = unreadable(`an item of ${posted.label}`, reason)
      const running = caller.streams.get(posted.id)
      if (running !== undefined && !running.isAnswered) running.end(error)
      return [Response.Settled, posted.id, Outcome.Failed, encodeError(error)]
    }
    case 'progress': {
      const { message } = unreadable(`progress of ${posted.label}`, reason)
      return [Response.Progress, posted.id, undefined, message]
    }
    case 'call': {
      const { id, call, label } = posted
      const error = unreadable(`the arguments of a callback given to ${label}`, reason)
      caller.settleCall([Request.Answer, id, call, Outcome.Failed, encodeError(error)])
    }
  }
  return undefined
}
