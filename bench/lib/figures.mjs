/**
 * One measured number, as it is printed, kept in results.json and quoted.
 *
 * @typedef {object} Figure
 * @property {string} subject what was measured: a library, or one way of doing something
 * @property {string} measure what about it: 'median', 'p99', …
 * @property {number | null} value null if it could not be measured here
 * @property {string} unit
 * @property {number} [ratio] to the section's reference
 * @property {string} [target] in words
 * @property {boolean} [met]
 * @property {string} [note]
 */

const headings = ['', 'measure', 'value', 'ratio', 'target', '', '']

/** @param {Figure[]} figures @returns {string} */
export function formatTable(figures) {
  const rows = [headings, ...figures.map(toCells)]
  const widths = headings.map((_, column) => Math.max(...rows.map(row => row[column].length)))
  const isNumber = column => column === 2 || column === 3
  return rows
    .map(row =>
      row
        .map((cell, column) =>
          isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** @param {Figure} figure */
function toCells({ subject, measure, value, unit, ratio, target, met, note }) {
  const verdict = met === undefined ? '' : met ? 'met' : 'MISSED'
  return [
    subject,
    measure,
    value === null ? '-' : `${formatNumber(value)} ${unit}`,
    ratio === undefined ? '' : `${formatNumber(ratio)}x`,
    target ?? '',
    verdict,
    note ?? '',
  ]
}

/** Three significant digits, and thousands apart. @param {number} value */
export function formatNumber(value) {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
}

/** @param {number} value @param {number} limit @param {string} words */
export function atMost(value, limit, words) {
  return { target: words, met: value <= limit }
}

/** @param {number} value @param {number} limit @param {string} words */
export function atLeast(value, limit, words) {
  return { target: words, met: value >= limit }
}
