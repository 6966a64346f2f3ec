// A sweep, for a person at a terminal: what was covered, what failed grouped by how it failed, and a command for each.

import type { Paint } from './paint.ts';
import { duration, grouped, plural, short } from './quantities.ts';
import type { FailedRun, SweepReport } from './sweep-report.ts';

const MOST_COMMANDS = 3;
const MOST_MARKS = 8;
const label = (paint: Paint, text: string): string => paint.dim(text.padEnd(12));

export function renderSweep(report: SweepReport, paint: Paint): string {
  const seconds = report.wallMs / 1_000;
  const { operations: o } = report;
  const faults = Object.entries(report.faults).filter(([, count]) => count > 0);
  return [
    `${label(paint, 'runs')}${plural(report.runs, 'run')} of ${report.scenario === 'all' ? 'all scenarios' : report.scenario}, seeds ${report.seeds.from}..${report.seeds.to}, ${plural(report.jobs, 'thread')}`,
    `${label(paint, 'operations')}${grouped(o.invoked)} invoked: ${paint.green(`${grouped(o.ok)} ok`)}, ${grouped(o.failed)} failed, ${grouped(o.unknown)} unknown`,
    `${label(paint, 'faults')}${faults.length === 0 ? 'none' : faults.map(([name, count]) => `${name} ${grouped(count)}`).join(', ')}`,
    `${label(paint, 'time')}${duration(report.simulatedUs)} simulated in ${duration(Math.round(report.wallMs * 1_000))}: ${paint.bold(`${short(report.runs / seconds)} runs/s`)}, ${grouped(report.events)} events, ${short(report.events / seconds)}/s`,
    '',
    ...propertyTable(report, paint),
    '',
    ...markLines(report, paint),
    `${label(paint, 'repeated')}${plural(report.repeated.runs, 'run')} in another process${report.repeated.checkedRuns > 0 ? `, ${report.repeated.checkedRuns} of them checked` : ''}: ${report.repeated.disagreements.length === 0 ? paint.green('same digests') : paint.red(`${report.repeated.disagreements.length} differ`)}`,
    ...canaryLine(report, paint),
    '',
    ...failureLines(report.failed, paint),
    ...knownLines(report.known, paint),
    ...verdict(report, paint),
  ].join('\n');
}

function propertyTable(report: SweepReport, paint: Paint): string[] {
  const width = Math.max(10, ...report.properties.map((property) => property.id.length)) + 2;
  const head = paint.dim(`${'property'.padEnd(width)}${'exercised in'.padStart(14)}${'checks'.padStart(16)}`);
  const rows = report.properties.map((property) => {
    const violated = report.failed.some((failure) => failure.properties.includes(property.id));
    const name = property.id.padEnd(width);
    const runs = property.runsExercised === 0 ? paint.yellow('no run'.padStart(14)) : grouped(property.runsExercised).padStart(14);
    return `${violated ? paint.red(name) : paint.bold(name)}${runs}${grouped(property.checks).padStart(16)}  ${paint.dim(property.claim)}`;
  });
  return [head, ...rows];
}

function markLines(report: SweepReport, paint: Paint): string[] {
  const { hit, missed } = report.marks;
  if (hit.length + missed.length === 0) return [];
  return [`${label(paint, 'marks')}${hit.length} of ${hit.length + missed.length} hit${missed.length === 0 ? '' : paint.yellow(`; never: ${missed.slice(0, MOST_MARKS).join(', ')}${missed.length > MOST_MARKS ? `, and ${missed.length - MOST_MARKS} more (--json names all)` : ''}`)}`];
}

function canaryLine(report: SweepReport, paint: Paint): string[] {
  if (report.canary === undefined) return [];
  return [`${label(paint, 'canary')}${report.canary.caught ? paint.green(`caught by ${report.canary.by.join(', ')}`) : paint.red('NOT CAUGHT: the alarm is broken, and no result of this sweep counts')}`];
}

/** Groups in order of size. A command for the first few runs of each; the JSON has all of them. */
function failureLines(failed: readonly FailedRun[], paint: Paint): string[] {
  const groups = new Map<string, FailedRun[]>();
  for (const failure of failed) groups.set(failure.signature, [...(groups.get(failure.signature) ?? []), failure]);
  const lines: string[] = [];
  for (const [signature, runs] of [...groups].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))) {
    const scenarios = [...new Set(runs.map((run) => run.scenario))].join(', ');
    lines.push(`${paint.red(paint.bold(plural(runs.length, 'run')))}  ${signature}`, `  ${paint.dim(`in ${scenarios}; the first says:`)} ${runs[0]?.message ?? ''}`);
    for (const run of runs.slice(0, MOST_COMMANDS)) lines.push(`  ${paint.bold(run.replay)}`);
    if (runs.length > MOST_COMMANDS) lines.push(paint.dim(`  and seeds ${runs.slice(MOST_COMMANDS, MOST_COMMANDS + 20).map((run) => run.seed).join(', ')}${runs.length > MOST_COMMANDS + 20 ? ', ...' : ''}`));
  }
  return lines.length === 0 ? [] : [...lines, ''];
}

/** One line for each kind: who wants more of it has the file. */
function knownLines(known: readonly FailedRun[], paint: Paint): string[] {
  const counts = new Map<string, number>();
  for (const { signature } of known) counts.set(signature, (counts.get(signature) ?? 0) + 1);
  return [...counts].map(([signature, runs]) => `${paint.yellow(plural(runs, 'run'))}  ${paint.dim(`known: ${signature}`)}`);
}

function verdict(report: SweepReport, paint: Paint): string[] {
  const lines = report.repeated.disagreements.map((d) => paint.red(`Not deterministic: seed ${d.seed} of ${d.scenario} gave ${d.digest} here and ${d.digestElsewhere} in another process: ${d.replay}`));
  if (report.neverExercised.length > 0) lines.push(paint.red(`Never exercised in ${plural(report.runs, 'run')}: ${report.neverExercised.join(', ')}`));
  if (report.neverHit.length > 0) lines.push(paint.red(`Never reached in ${plural(report.runs, 'run')}: ${report.neverHit.join(', ')}`));
  if (report.failed.length > 0) lines.push(paint.red(`${plural(report.failed.length, 'run')} of ${grouped(report.runs)} failed.`));
  if (report.runs < report.planned) lines.push(paint.yellow(`${report.stopped ? 'Stopped' : 'Ended with the first failure'} after ${grouped(report.runs)} of ${plural(report.planned, 'run')}.`));
  const known = report.known.length;
  if (lines.length === 0) lines.push(paint.green(known === 0 ? `All ${plural(report.runs, 'run')} held.` : `${grouped(report.runs - known)} of ${plural(report.runs, 'run')} held; ${grouped(known)} failed as is known.`));
  return lines;
}
