import { InvalidArgumentError } from 'commander'

const millisecondsIn = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

type Unit = keyof typeof millisecondsIn

/** @throws {InvalidArgumentError} if that is no integer from `least` up */
export function countFrom(least: number): (text: string) => number {
  return text => {
    const count = Number(text)
    if (!/^\d+$/.test(text) || count < least || count > 1_000_000)
      throw new InvalidArgumentError(`Expected an integer from ${least} to 1000000.`)
    return count
  }
}

/**
 * @returns ms
 * @throws {InvalidArgumentError} if that is no duration such as 500, 500ms, 5s, 1.5m or 1h
 */
export function parseDuration(text: string): number {
  const [, count, unit = 'ms'] = text.match(/^(\d+(?:\.\d+)?)(ms|s|m|h)?$/) ?? []
  if (count === undefined)
    throw new InvalidArgumentError('Expected ms, or a duration such as 5s, 1.5m or 1h.')
  return Number(count) * millisecondsIn[unit as Unit]
}

/**
 * @returns ms
 * @throws {InvalidArgumentError} if that is no duration, or none at all
 */
export function parseTimeout(text: string): number {
  const timeout = parseDuration(text)
  if (timeout === 0) throw new InvalidArgumentError('Expected more than 0; without it there is no limit.')
  return timeout
}

/**
 * @returns the ms from one call to the next
 * @throws {InvalidArgumentError} if that is no rate such as 10/s, 100/m or 5000/h
 */
export function parseRate(text: string): number {
  const [, count, unit] = text.match(/^(\d+(?:\.\d+)?)\/(s|m|h)$/) ?? []
  if (count === undefined || Number(count) === 0)
    throw new InvalidArgumentError('Expected a rate such as 10/s, 100/m or 5000/h.')
  return millisecondsIn[unit as Unit] / Number(count)
}
