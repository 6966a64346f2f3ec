// How near `sim --why` comes to the step at which a planted bug had to act: the document that `mutants --why --json` prints, and
// its rendering.

import type { Paint } from './paint.ts';
import { duration, grouped } from './quantities.ts';

export interface CulpritRow {
  readonly name: string;
  /** What the run violates; null if it does not fail. */
  readonly property: string | null;
  readonly failedAtUs: number | null;
  /** Null if the run fails without the bug as well. */
  readonly culpritAtUs: number | null;
  readonly namedAtUs: number | null;
  /** Of the run until it failed, the part that lies between the two. */
  readonly apart: number | null;
  readonly event: string | null;
  readonly runs: number;
  readonly replay: string;
  readonly wallMs: number;
}

export interface CulpritReport {
  readonly kernel: string;
  readonly samples: number;
  readonly rows: readonly CulpritRow[];
  /** So many are no further apart than `limit`. */
  readonly near: number;
  readonly limit: number;
  readonly interrupted: boolean;
  readonly wallMs: number;
}

const seconds = (us: number | null): string => (us === null ? '-' : `${(us / 1e6).toFixed(3)} s`).padStart(11);

export function renderCulprits(report: CulpritReport, paint: Paint): string {
  const width = Math.max(8, ...report.rows.map((row) => row.name.length)) + 2;
  const head = paint.dim(`${'planted bug'.padEnd(width)}${'culprit'.padStart(11)}${'named'.padStart(11)}${'failed'.padStart(11)}${'apart'.padStart(9)}${'runs'.padStart(7)}  what is named`);
  const rows = report.rows.map((row) => {
    const isNear = row.apart !== null && row.apart <= report.limit;
    const apart = (row.apart === null ? '-' : `${(100 * row.apart).toFixed(2)} %`).padStart(9);
    return `${paint.bold(row.name.padEnd(width))}${seconds(row.culpritAtUs)}${seconds(row.namedAtUs)}${seconds(row.failedAtUs)}${isNear ? apart : paint.red(apart)}${grouped(row.runs).padStart(7)}  ${row.event ?? paint.red('no run fails, or it does without the bug')}`;
  });
  return [
    head,
    ...rows,
    '',
    `${report.near} of ${report.rows.length} are named within ${100 * report.limit} % of the run until it failed; at most ${report.samples} continuations of a moment; ${duration(report.wallMs * 1_000)}`,
  ].join('\n');
}
