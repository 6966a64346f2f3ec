// How good is the harness? The table of planted bugs: the document that `mutants --json` prints, and its rendering.

import type { Paint } from './paint.ts';
import { duration, grouped, plural } from './quantities.ts';
import type { RunSize } from './run-report.ts';

export interface MutantRow {
  readonly name: string;
  readonly family: string;
  readonly about: string;
  /** In every series, within the limit. */
  readonly found: boolean;
  /** Seeds until found, over the series; of a series that did not find it, the limit. */
  readonly seedsMedian: number;
  readonly seedsWorst: number;
  readonly seeds: readonly number[];
  /** What found it most often. */
  readonly property: string | null;
  readonly scenario: string | null;
  /** What is left of the first run that found it; null unless that was asked for. */
  readonly shrunk: RunSize | null;
  /** Of all faults and operations of that run, the share that is gone. */
  readonly removed: number | null;
  readonly shrinkMs: number | null;
  readonly cpuMs: number;
  readonly replay: string | null;
}

export interface MutantReport {
  readonly kernel: string;
  readonly seed: number;
  readonly series: number;
  readonly limit: number;
  readonly mutants: readonly MutantRow[];
  readonly canary: { readonly caught: boolean; readonly runs: number };
  /** Runs without a planted bug that failed, of the runs with the same draws as those that found one. */
  readonly falseAlarms: number;
  readonly falseAlarmRuns: number;
  readonly wallMs: number;
}

/** Faults, operations, nodes. */
function left(row: MutantRow): string {
  if (row.shrunk === null) return `${'-'.padStart(14)}${'-'.padStart(10)}`;
  const { faults, operations, nodes } = row.shrunk;
  return `${`${faults}f ${operations}o ${nodes}n`.padStart(14)}${`${(100 * (row.removed ?? 0)).toFixed(1)} %`.padStart(10)}`;
}

/** Of the rows that were shrunk. */
function shrunkLine(rows: readonly MutantRow[]): string[] {
  const shrunk = rows.flatMap((row) => (row.shrunk === null ? [] : [{ ...row.shrunk, removed: row.removed ?? 0, ms: row.shrinkMs ?? 0 }]));
  if (shrunk.length === 0) return [];
  const median = (of: (row: (typeof shrunk)[number]) => number): number => shrunk.map(of).toSorted((a, b) => a - b)[shrunk.length >> 1] as number;
  return [`Shrunk, at the median: ${plural(median((row) => row.faults), 'fault')}, ${plural(median((row) => row.operations), 'operation')} and ${plural(median((row) => row.nodes), 'node')} left, ${(100 * median((row) => row.removed)).toFixed(1)} % removed, in ${duration(Math.round(median((row) => row.ms) * 1_000))}`];
}

export function renderMutants(report: MutantReport, paint: Paint): string {
  const small = report.mutants.some((row) => row.shrunk !== null);
  const width = Math.max(8, ...report.mutants.map((row) => row.name.length)) + 2;
  const head = paint.dim(`${'planted bug'.padEnd(width)}${'median'.padStart(8)}${'worst'.padStart(8)}${'CPU'.padStart(10)}${small ? `${'left'.padStart(14)}${'removed'.padStart(10)}` : ''}  found by`);
  const rows = report.mutants.map((row) => {
    const by = row.found ? `${row.property ?? ''}${paint.dim(row.scenario === null ? '' : ` in ${row.scenario}`)}` : paint.red(`not found in ${report.limit} seeds${row.property === null ? '' : ` of every series (in some by ${row.property})`}`);
    return `${paint.bold(row.name.padEnd(width))}${grouped(row.seedsMedian).padStart(8)}${grouped(row.seedsWorst).padStart(8)}${duration(Math.round(row.cpuMs * 1_000)).padStart(10)}${small ? left(row) : ''}  ${by}`;
  });
  const found = report.mutants.filter((row) => row.found).length;
  return [
    head,
    ...rows,
    '',
    ...shrunkLine(report.mutants),
    `${found === report.mutants.length ? paint.green(`All ${found} found`) : paint.red(`${found} of ${report.mutants.length} found`)} in ${report.series} series of seeds from ${report.seed}; ${report.canary.caught ? paint.green('the canary is caught in every run') : paint.red('THE CANARY IS NOT CAUGHT')}; ${plural(report.falseAlarms, 'false alarm')} in ${plural(report.falseAlarmRuns, 'run')} without a planted bug; ${duration(Math.round(report.wallMs * 1_000))}`,
  ].join('\n');
}
