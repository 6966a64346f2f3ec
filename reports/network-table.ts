// A live network as a person watches it: a row for each node.

import type { Status } from '../node/live/api/schemas.ts';
import type { Paint } from './paint.ts';
import { short } from './quantities.ts';

export interface MemberRow {
  readonly id: number;
  readonly url: string;
  readonly pid: number | undefined;
  /** Undefined: it is down, or does not answer. */
  readonly status: Status | undefined;
  readonly restarts: number;
}

const COLUMNS = ['node', 'role', 'leader', 'term', 'commit', 'epoch', 'decides/s', 'answers/s', 'p50 ms', 'p95 ms', 'peers', 'journal', 'process'] as const;

export function networkTable(rows: readonly MemberRow[], paint: Paint): string[] {
  const cells = rows.map((row) => cellsOf(row));
  const widths = COLUMNS.map((title, column) => Math.max(title.length, ...cells.map((row) => (row[column] as string).length)));
  const line = (row: readonly string[]): string => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join('  ');
  return [paint.dim(line(COLUMNS)), ...rows.map((row, place) => painted(line(cells[place] as string[]), row, paint))];
}

/** One line where there is no terminal. */
export function networkLine(rows: readonly MemberRow[]): string {
  const leader = rows.map((row) => row.status?.groups[0]).find((group) => group !== undefined && group.leader > 0);
  const up = rows.filter((row) => row.status !== undefined);
  const answers = up.reduce((sum, row) => sum + (row.status?.answersPerSecond ?? 0), 0);
  const decides = Math.max(0, ...up.map((row) => row.status?.decidesPerSecond ?? 0));
  const p95 = Math.max(0, ...up.map((row) => row.status?.latencyMs.p95 ?? 0));
  const led = leader === undefined ? 'no leader' : `leader node ${leader.leader}, term ${leader.term}, commit ${leader.commit}`;
  return `${up.length} of ${rows.length} nodes up; ${led}; ${decides.toFixed(1)} decides/s, ${answers.toFixed(1)} answers/s, p95 ${p95.toFixed(1)} ms`;
}

function cellsOf(row: MemberRow): string[] {
  const { status } = row;
  const pid = row.pid === undefined ? '-' : `${row.pid}${row.restarts > 0 ? ` (+${row.restarts})` : ''}`;
  if (status === undefined) return [String(row.id), 'down', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-', pid];
  const group = status.groups[0];
  const { p50, p95 } = status.latencyMs;
  return [
    String(row.id), status.phase === 'running' ? (group?.role ?? 'client') : status.phase, group === undefined || group.leader === 0 ? 'none' : String(group.leader),
    String(group?.term ?? 0), String(group?.commit ?? 0), String(group?.epoch ?? 0), status.decidesPerSecond.toFixed(1), status.answersPerSecond.toFixed(1),
    p50.toFixed(1), p95.toFixed(1), String(status.peers.length), `${short(status.journalBytes)}B`, pid,
  ];
}

function painted(line: string, row: MemberRow, paint: Paint): string {
  if (row.status === undefined) return paint.red(line);
  return row.status.groups[0]?.role === 'leader' ? paint.bold(line) : line;
}
