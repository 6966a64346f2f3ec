// The unbiased power of the harness: how many drawn slips of the hand it noticed, and every one that it did not.

import type { Paint } from './paint.ts';
import { duration, plural } from './quantities.ts';

export interface OperatorRow {
  readonly name: string;
  readonly operator: string;
  readonly file: string;
  readonly line: number;
  readonly was: string;
  readonly is: string;
  /** The line that it stands in. */
  readonly context: string;
  /** The property, or what else objected; null if nothing did. */
  readonly killedBy: string | null;
  /** Runs until then. */
  readonly runs: number;
  /** Some run took another course than without it. */
  readonly differs: boolean;
  /** Of one that survived: why nobody can notice it, if somebody has looked. */
  readonly why: string | null;
  readonly replay: string | null;
}

export interface OperatorReport {
  readonly kernel: string;
  readonly seed: number;
  readonly limit: number;
  /** In how many places a slip could be. */
  readonly places: number;
  readonly drawn: number;
  readonly killed: number;
  readonly killRate: number;
  readonly mutants: readonly OperatorRow[];
  readonly falseAlarms: number;
  readonly falseAlarmRuns: number;
  readonly wallMs: number;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export function renderOperators(report: OperatorReport, paint: Paint): string {
  const lines: string[] = [paint.dim(`${'operator'.padEnd(12)}${'drawn'.padStart(7)}${'noticed'.padStart(9)}`)];
  for (const operator of [...new Set(report.mutants.map((row) => row.operator))].sort((a, b) => (a < b ? -1 : 1))) {
    const rows = report.mutants.filter((row) => row.operator === operator);
    const killed = rows.filter((row) => row.killedBy !== null).length;
    lines.push(`${operator.padEnd(12)}${String(rows.length).padStart(7)}${String(killed).padStart(9)}  ${percent(killed / rows.length)}`);
  }
  lines.push('', paint.dim('noticed by'));
  for (const [by, count] of counted(report.mutants)) lines.push(`${by.padEnd(24)}${String(count).padStart(6)}`);
  const survivors = report.mutants.filter((row) => row.killedBy === null);
  if (survivors.length > 0) lines.push('', paint.bold('survivors'));
  for (const row of survivors) {
    lines.push(`${row.name}  ${paint.dim(row.differs ? 'runs take another course, and nothing objects' : `in ${row.runs} runs it changed nothing`)}`);
    lines.push(`    ${row.context}`, `    ${paint.red(short(row.was))} became ${paint.green(short(row.is))}${row.why === null ? paint.yellow('  not explained') : `  ${row.why}`}`);
  }
  const rate = `${percent(report.killRate)} noticed`;
  lines.push('', `${report.killed} of ${plural(report.drawn, 'slip')} (${rate}), drawn from ${report.places} places, each in up to ${plural(report.limit, 'run')}; ${plural(report.falseAlarms, 'false alarm')} in ${plural(report.falseAlarmRuns, 'run')} without one; ${duration(report.wallMs * 1_000)}`);
  return lines.join('\n');
}

function counted(rows: readonly OperatorRow[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const row of rows) if (row.killedBy !== null) counts.set(row.killedBy, (counts.get(row.killedBy) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** One line of it. */
function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 77)}...` : line;
}
