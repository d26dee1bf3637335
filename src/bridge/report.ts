import { writeToDescriptor } from '../channel/descriptor.js'
import { show } from '../channel/show.js'

/** Tasks may throw anything; whoever wants an Error gets one that holds it. */
export function toError(thrown: unknown, name: string): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`${name} threw ${show(thrown)}, which is not an error`, { cause: thrown })
}

/** Runs a user's callback so that its error reaches stderr and not those who are not to blame for it. */
export function isolated(what: string, callback: () => void): void {
  try {
    callback()
  } catch (error) {
    print(`a callback given to ${what} threw\n${show(error)}`)
  }
}

/** To the descriptor and not to the stream: this must work in an exit hook of any thread. */
export function print(message: string): void {
  try {
    writeToDescriptor(2, Buffer.from(`async-pool-executor: ${message}\n`))
  } catch {
    // Nobody reads stderr any more, so there is nobody to tell, and no reason to change how the process ends.
  }
}
