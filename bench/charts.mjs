export function writeCharts(results) {}
