export const NODE_VERSION: string = process.versions.node

/** The environment variable NODE_OPTIONS as Node reads it, which workers inherit. */
export const NODE_OPTIONS: string[] = splitOptions(process.env.NODE_OPTIONS ?? '')

/** Split at spaces, except inside double quotes, where a backslash takes the next character as it is. */
function splitOptions(options: string): string[] {
  const words = options.match(/(?:[^ "]|"(?:[^"\\]|\\.)*"?)+/g) ?? []
  return words
    .map(word => word.replace(/"((?:[^"\\]|\\.)*)"?/g, (_, quoted: string) => quoted.replace(/\\(.)/g, '$1')))
    .filter(word => word !== '')
}

/** Whether this process was started with a flag that takes no value. */
export function isSet(flag: string): boolean {
  return NODE_OPTIONS.includes(flag) || process.execArgv.includes(flag)
}

/** The parts of '20.1.0' as numbers. */
export function parseVersion(version: string): number[] {
  return version.split('.').map(part => Number.parseFloat(part))
}

/** 1, 0 or -1 as the first is greater, equal or lesser; what is missing counts as 0. */
export function compareVersion(version1: string, version2: string): number {
  const [one, other] = [parseVersion(version1), parseVersion(version2)]
  for (let part = 0; part < Math.max(one.length, other.length); part++) {
    const difference = (one[part] || 0) - (other[part] || 0)
    if (difference !== 0) return Math.sign(difference)
  }
  return 0
}

/** {@link compareVersion} of the running Node with another version. */
export function compareNodeVersion(version: string): number {
  return compareVersion(NODE_VERSION, version)
}

export const IMPORT_FLAG = '--import'
export const REQUIRE_FLAG = '--require'
export const REQUIRE_ABBR_FLAG = '-r'
export const REQUIRE_FLAGS: Set<string> = new Set([REQUIRE_FLAG, REQUIRE_ABBR_FLAG])
export const LOADER_FLAG = '--loader'
export const EXPERIMENTAL_LOADER_FLAG = '--experimental-loader'
export const LOADER_FLAGS: Set<string> = new Set([LOADER_FLAG, EXPERIMENTAL_LOADER_FLAG])

export function hasRequireFlag(execArgv: string[]): boolean {
  return execArgv.some(flag => REQUIRE_FLAGS.has(flag))
}

export function hasImportFlag(execArgv: string[]): boolean {
  return execArgv.includes(IMPORT_FLAG)
}

export function hasLoaderFlag(execArgv: string[]): boolean {
  return execArgv.some(flag => LOADER_FLAGS.has(flag))
}
