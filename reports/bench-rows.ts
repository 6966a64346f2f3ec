// One line for each measurement: what it is, the figure, and how it stands against its limit or peer.

import type { Row } from '../bench/row.ts';
import type { Paint } from './paint.ts';
import { grouped } from './quantities.ts';

export function rowLine(row: Row, paint: Paint): string {
  const value = row.value >= 1_000 ? grouped(row.value) : String(row.value);
  const ratio = `${row.ratio.toFixed(2)}x`;
  const stands = row.ratio >= 1 ? paint.green(ratio) : paint.red(ratio);
  return `${paint.bold(row.name.padEnd(24))} ${value.padStart(12)} ${row.unit}\n${' '.repeat(25)}${stands} ${paint.dim('against')} ${row.against}`;
}
