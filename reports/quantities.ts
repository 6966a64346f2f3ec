// Numbers as people read them: 1,234,567 events, 10 m 00 s, 3.2 M/s.

export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Three significant digits or so: 950, 12.3 k, 4.56 M. */
export function short(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return value >= 100 || Number.isInteger(value) ? grouped(value) : value.toFixed(1);
}

export function duration(us: number): string {
  if (us < 1_000) return `${us} us`;
  if (us < 1_000_000) return `${trim(us / 1_000)} ms`;
  const seconds = us / 1_000_000;
  if (seconds < 60) return `${trim(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = `${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  if (minutes < 60) return `${minutes} m ${rest}`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} m ${rest}`;
}

/** A simulated moment: seconds with microseconds, as they stand in run files. */
export function moment(us: number): string {
  return `${(us / 1_000_000).toFixed(6)} s`;
}

function trim(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : many}`;
}
