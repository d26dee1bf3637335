/** Colours of the page, as its style sheet has them for the reader's theme. */
export interface Theme {
  text: string
  muted: string
  line: string
  card: string
  ok: string
  failed: string
  running: string
  queued: string
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement)
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    text: color('text'),
    muted: color('muted'),
    line: color('line'),
    card: color('card'),
    ok: color('ok'),
    failed: color('failed'),
    running: color('running'),
    queued: color('queued'),
  }
}

/** What all charts have in common. */
export function frame(theme: Theme) {
  return {
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    grid: { left: 8, right: 16, top: 36, bottom: 8, containLabel: true },
    legend: {
      top: 0,
      right: 0,
      icon: 'roundRect',
      itemWidth: 12,
      itemHeight: 8,
      textStyle: { color: theme.muted },
    },
    tooltip: {
      trigger: 'axis',
      backgroundColor: theme.card,
      borderColor: theme.line,
      textStyle: { color: theme.text, fontSize: 12 },
      confine: true,
    },
  }
}

export function valueAxis(theme: Theme, name: string) {
  return {
    type: 'value',
    name,
    nameTextStyle: { color: theme.muted, align: 'left' },
    axisLabel: { color: theme.muted },
    splitLine: { lineStyle: { color: theme.line } },
  }
}

export function timeAxis(theme: Theme, labels: string[]) {
  return {
    type: 'category',
    data: labels,
    axisLabel: { color: theme.muted, hideOverlap: true },
    axisLine: { lineStyle: { color: theme.line } },
    axisTick: { show: false },
  }
}

/** Where each stretch of time begins, in seconds from the start. */
export function startsOf(stretches: readonly unknown[], width: number): string[] {
  const digits = width < 1000 ? 1 : 0
  return stretches.map((_, position) => `${((position * width) / 1000).toFixed(digits)} s`)
}
