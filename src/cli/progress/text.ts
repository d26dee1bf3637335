const numbers = new Intl.NumberFormat('en-US')

/** 1234567 as 1,234,567. */
export function count(value: number): string {
  return numbers.format(value)
}

/** @param rate - rows a second; of few it says how many a minute */
export function rateText(rate: number): string {
  if (rate >= 10) return `${count(Math.round(rate))}/s`
  if (rate >= 1 || rate === 0) return `${rate.toFixed(1)}/s`
  return `${(rate * 60).toFixed(1)}/min`
}

/** 0:42, 3:07, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** 'row' or 'rows'. */
export function rows(value: number): string {
  return `${count(value)} ${value === 1 ? 'row' : 'rows'}`
}
