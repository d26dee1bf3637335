import { statSync } from 'node:fs'

/** Whether there is a file at `path`; false too for what cannot be looked at. */
export function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch {
    return false
  }
}
