/** The colours of the charts are custom properties: the script reads them, so that both follow the reader's theme. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1b1f24; --muted: #57606a; --line: #d8dee4;
  --ok: #0b7a75; --failed: #c2410c; --running: #1d4ed8; --queued: #b45309;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --card: #161b22; --text: #e6edf3; --muted: #9aa5b1; --line: #30363d;
    --ok: #2dd4bf; --failed: #fb923c; --running: #7aa2f7; --queued: #fbbf24;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 72rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; font-variant-numeric: tabular-nums;
}
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
h1 code { font-size: 0.95em; }
h2 { margin: 0 0 0.75rem; font-size: 1.05rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.status { display: inline-block; margin: 0 0 0.5rem; padding: 0.1rem 0.7rem; border-radius: 1rem; border: 1px solid; font-size: 0.85rem; font-weight: 600; }
.status.good { color: var(--ok); }
.status.bad { color: var(--failed); }
.when { margin: 0.25rem 0 1.5rem; color: var(--muted); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.2rem, 1fr)); gap: 0.75rem; margin: 0 0 1rem; padding: 0; list-style: none; }
.tiles li, section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles li { padding: 0.75rem 1rem; }
.tiles b { display: block; font-size: 1.45rem; line-height: 1.2; font-weight: 650; }
.tiles span { color: var(--muted); font-size: 0.85rem; }
.tiles .bad b { color: var(--failed); }
section { margin: 0 0 1rem; padding: 1.1rem 1.25rem; overflow-x: auto; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; margin-bottom: 1rem; }
.charts section { margin: 0; min-width: 0; }
.charts .wide { grid-column: 1 / -1; }
.chart { height: 17rem; }
.scroll { max-height: 22rem; overflow: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: 0.3rem 0.5rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; font-weight: 500; }
thead th { color: var(--muted); font-weight: 600; }
tbody tr:last-child > * { border-bottom: 0; }
.settings :is(th, td) { text-align: left; white-space: normal; }
.settings td { overflow-wrap: anywhere; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
details { margin-top: 0.75rem; }
summary { cursor: pointer; color: var(--muted); }
.failure { margin: 0; padding: 0.7rem 0; border-top: 1px solid var(--line); }
.failure:first-of-type { border-top: 0; padding-top: 0; }
.failure > summary { color: inherit; overflow-wrap: anywhere; }
.failure .count { color: var(--failed); font-weight: 650; }
.share { height: 4px; margin: 0.4rem 0 0; border-radius: 2px; background: var(--failed); }
dl { margin: 0.75rem 0 0; display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
pre { margin: 0; padding: 0.6rem 0.8rem; overflow: auto; max-height: 18rem; background: var(--page); border-radius: 6px; font-size: 0.8rem; }
footer { color: var(--muted); font-size: 0.85rem; }
@media print { body { padding: 0; } section, .tiles li { break-inside: avoid; } }
`
