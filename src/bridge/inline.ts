import { functionName } from '../channel/function-name.js'
import { invalidValue } from '../channel/validate.js'

/**
 * The source text of a function as an expression that can stand anywhere. Tried out here, so that what cannot travel
 * is refused at the call and not by the worker.
 *
 * @param text - what `Function.prototype.toString` says of it
 * @throws {TypeError} ERR_INVALID_ARG_VALUE
 */
export function sourceOf(fn: (...args: never[]) => unknown, text: string): string {
  // Only the engine can write this: as code it is a syntax error.
  if (/\{\s*\[native code\]\s*\}$/.test(text)) throw refusal(fn, nativeReason(fn))
  if (isClass(fn)) throw refusal(fn, 'a class is not a function that can be called')
  const asExpression = `(${text})`
  const problem = syntaxError(asExpression)
  if (problem === undefined && usesArgumentsAround(text))
    throw refusal(fn, '`arguments` in an arrow function belongs to the function around it')
  if (problem === undefined) return asExpression
  // Not before: `set => set.size` is an arrow function.
  if (/^[gs]et(\s+[^\s(]|['"[#])/.test(text)) throw refusal(fn, 'a getter or setter belongs to its object')
  // A method's text makes sense only in an object; its private name, `#fetch`, only in a class.
  const member = text.replace(/^((?:async\b\s*)?\*?\s*)#/, '$1')
  const asMethod = `(object => object[Reflect.ownKeys(object)[0]])({ ${member} })`
  const otherProblem = syntaxError(asMethod)
  if (otherProblem === undefined && usesSuper(text))
    throw refusal(fn, '`super` belongs to its class or object')
  if (otherProblem === undefined) return asMethod
  // As the wrong one of the two it is nothing but an unexpected token.
  const cause = problem.message.startsWith('Unexpected') ? otherProblem : problem
  throw refusal(fn, `its text is not valid as strict code without surroundings (${cause.message})`, cause)
}

function nativeReason(fn: object): string {
  return functionName(fn).startsWith('bound ')
    ? 'what a bound function is bound to cannot travel'
    : 'native functions and proxies have no source text'
}

/** The one kind of function whose `prototype` cannot be set. */
function isClass(fn: unknown): boolean {
  return Object.getOwnPropertyDescriptor(fn, 'prototype')?.writable === false
}

/** Compiles without running anything; allowed even where `eval` is not. Loaded here: few functions travel as text. */
function syntaxError(expression: string): Error | undefined {
  const { Script } = require('node:vm') as typeof import('node:vm')
  try {
    new Script(`'use strict';${expression}`)
    return undefined
  } catch (error) {
    return error as Error
  }
}

/**
 * Whether a method's own code has `super` in it: any method may, so the text says nothing wrong. As a function that
 * begins with the list of its parameters it is valid only without.
 */
function usesSuper(text: string): boolean {
  if (!/\bsuper\b/.test(text)) return false
  for (let start = text.indexOf('('); start !== -1; start = text.indexOf('(', start + 1))
    if (syntaxError(`(async function*${text.slice(start)})`) === undefined) return false
  return true
}

/** As what a field of a class begins with, code is valid only without: its own functions may have theirs. */
function usesArgumentsAround(text: string): boolean {
  return /\barguments\b/.test(text) && syntaxError(`(class{field=(${text})})`) !== undefined
}

function refusal(fn: unknown, reason: string, cause?: unknown): TypeError {
  const expected = 'a function that can be sent to the worker as its source text'
  return invalidValue('fn', `${expected}: ${reason}`, fn, cause)
}
