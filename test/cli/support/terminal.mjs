import { start } from './command.mjs'

/**
 * Runs a shell command line on a terminal of 80 columns, made by `script` of util-linux. What it shows is in `stdout`;
 * `type` is the keyboard.
 */
export function startInTerminal(line, options) {
  const command = [
    'script',
    '--quiet',
    '--return',
    '--flush',
    '--command',
    `stty cols 80 rows 24; ${line}`,
    '/dev/null',
  ]
  const run = start([], { ...options, command, input: null })
  return { run, type: text => run.child.stdin.write(text) }
}

/** For a shell. */
export function quoted(...words) {
  return words.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
}
