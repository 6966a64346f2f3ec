// What is left of a failing run: how much smaller it is, and everything that still happens in it.

import type { ClientOperation, RunFile } from '../io/sim/run-file.ts';
import type { Paint } from './paint.ts';
import { duration, moment, plural } from './quantities.ts';
import type { RunSize, ShrunkReport } from './run-report.ts';
import { faultLines } from './terminal.ts';

const MOST_OPERATIONS = 12;
const label = (paint: Paint, text: string): string => paint.dim(text.padEnd(12));

export function renderShrunk(report: ShrunkReport, run: RunFile, path: string, paint: Paint): string {
  const { before } = report;
  const ended = report.complete ? '' : paint.yellow('; the search was ended before nothing more could go');
  return [
    `${label(paint, 'shrunk')}${sizeWords(before)} ${paint.dim('to')} ${paint.bold(sizeWords(report))}: ${(100 * report.removed).toFixed(1)} % removed in ${plural(report.trials, 'trial')}, ${duration(Math.round(report.wallMs * 1_000))}${ended}`,
    `${label(paint, 'topology')}${plural(run.nodes, 'node')}, ${plural(run.groups, 'group')} of ${run.votersPerGroup} voters; seed ${run.seed} for what is left to chance`,
    ...faultLines(run.faults, paint, 'the file has them all'),
    ...operationLines(run.operations, paint),
    `${label(paint, 'fails')}${paint.red(report.message)}`,
    `${label(paint, '')}${report.property} at ${moment(report.atUs)}`,
    `${label(paint, 'saved')}${path}${report.verified ? ': executed from there, it fails alike' : paint.red(': executed from there, it does NOT fail alike')}`,
    `${label(paint, 'again')}${paint.bold(report.replay)}`,
  ].join('\n');
}

const sizeWords = (size: RunSize): string => `${plural(size.faults, 'fault')}, ${plural(size.operations, 'operation')}, ${plural(size.nodes, 'node')}`;

function operationLines(operations: readonly ClientOperation[] | undefined, paint: Paint): string[] {
  if (operations === undefined) return [`${label(paint, 'operations')}as its workload draws them: without these very draws it did not fail`];
  if (operations.length === 0) return [`${label(paint, 'operations')}none`];
  const lines = operations.slice(0, MOST_OPERATIONS).map((one, place) => `${label(paint, place === 0 ? 'operations' : '')}${`${(one.at / 1e6).toFixed(2)} s`.padEnd(9)} client ${one.client} asks node ${one.node}: ${one.kind} ${one.need}${one.proposal === undefined ? '' : ` for ${one.proposal}`}`);
  if (operations.length > MOST_OPERATIONS) lines.push(paint.dim(`${' '.repeat(12)}and ${operations.length - MOST_OPERATIONS} more (the file has them all)`));
  return lines;
}
