// One run, for a person at a terminal: first what was resolved from the seed, then what came of it, last the command that
// shows it again.

import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import type { Paint } from './paint.ts';
import { duration, grouped, moment, plural, short } from './quantities.ts';
import type { PropertyReport, RunPlan, RunReport } from './run-report.ts';

const MOST_EPISODES = 12;
const label = (paint: Paint, text: string): string => paint.dim(text.padEnd(12));

export function renderPlan(plan: RunPlan, paint: Paint): string {
  const { runFile } = plan;
  const lines = [
    `${paint.bold(`seed ${plan.seed}`)}  ${paint.bold(plan.scenario)}  ${paint.dim(`lockstep ${plan.version}, kernel ${plan.kernel.slice(0, 12)}`)}`,
    paint.dim(plan.about),
  ];
  if (plan.mode.length > 0) lines.push(`${label(paint, 'mode')}${plan.mode.join(', ')}`);
  lines.push(
    `${label(paint, 'topology')}${topology(runFile)}`,
    `${label(paint, 'workload')}${workload(runFile)}`,
    `${label(paint, 'time')}${duration(runFile.forUs)}${runFile.faults.length > 0 ? `; anything goes until ${duration(runFile.healAt)}, then it must heal and make progress` : ''}`,
    ...faultLines(runFile.faults, paint),
  );
  return lines.join('\n');
}

function topology(run: RunFile): string {
  const groups = run.groups === 1 ? `one group of ${run.votersPerGroup} voters` : `${run.groups} groups of ${run.votersPerGroup} voters`;
  const ports = [run.followsParent ? 'parent chain' : '', run.gpuPollUs > 0 ? 'GPUs' : ''].filter((port) => port !== '');
  const extra = ports.length > 0 ? `; ${ports.join(' and ')}` : '';
  return `${plural(run.nodes, 'node')}, ${groups}; message ${range(run.delayMinUs, run.delayMaxUs)}, fsync ${range(run.syncMinUs, run.syncMaxUs)}${extra}`;
}

const range = (low: number, high: number): string => (low === high ? duration(low) : `${duration(low)} to ${duration(high)}`);

function workload(run: RunFile): string {
  const w = run.workload;
  const contested = w.contestedPerMille > 0 ? `, ${perCent(w.contestedPerMille)} of needs contested by ${w.rivals} proposals` : '';
  return `${rate(w.decidesPer1000s)} decides/s and ${rate(w.getsPer1000s)} reads/s from ${plural(w.clients, 'client')}${contested}; time-out ${duration(w.timeoutUs)}, ${perCent(w.retryPerMille)} retried`;
}

const rate = (per1000s: number): string => short(per1000s / 1_000);
const perCent = (perMille: number): string => `${perMille / 10} %`;

export function faultLines(faults: readonly FaultEpisode[], paint: Paint, hint = '--save FILE writes them all'): string[] {
  if (faults.length === 0) return [`${label(paint, 'faults')}none`];
  const kinds = new Set(faults.map((fault) => fault.kind));
  const lines = [`${label(paint, 'faults')}${plural(faults.length, 'episode')} of ${plural(kinds.size, 'kind')}`];
  for (const fault of faults.slice(0, MOST_EPISODES)) {
    const when = fault.until > fault.from ? `${seconds(fault.from)} - ${seconds(fault.until)}` : seconds(fault.from);
    const where = fault.nodes.length > 0 ? `node${fault.nodes.length > 1 ? 's' : ''} ${fault.nodes.join(', ')}` : 'everywhere';
    lines.push(`${' '.repeat(12)}${paint.yellow(fault.kind.padEnd(18))} ${when.padEnd(18)} ${where}${fault.point === undefined ? '' : ` at ${fault.point}`}`);
  }
  if (faults.length > MOST_EPISODES) lines.push(paint.dim(`${' '.repeat(12)}and ${faults.length - MOST_EPISODES} more (${hint})`));
  return lines;
}

const seconds = (us: number): string => `${(us / 1_000_000).toFixed(2)} s`;

export function renderRun(report: RunReport, paint: Paint): string {
  const { operations: o, messages: m } = report;
  const faults = Object.entries(report.faults).filter(([, count]) => count > 0);
  const low = report.goodput.perSecond < report.goodput.floor;
  const goodput = `${short(report.goodput.perSecond)}/s acknowledged (floor ${short(report.goodput.floor)}/s)`;
  const perSecond = report.events / (report.wallMs / 1_000);
  const speed = report.simulatedUs / 1_000 / report.wallMs;
  const lines = [
    `${label(paint, 'operations')}${grouped(o.invoked)} invoked: ${paint.green(`${grouped(o.ok)} ok`)}, ${grouped(o.failed)} failed, ${grouped(o.unknown)} unknown; ${low ? paint.yellow(goodput) : goodput}`,
    `${label(paint, 'messages')}${grouped(m.sent)} sent: ${grouped(m.delivered)} delivered, ${grouped(m.dropped)} dropped, ${grouped(m.duplicated)} duplicated, ${grouped(m.corrupted)} corrupted`,
    `${label(paint, 'faults')}${faults.length === 0 ? 'none' : faults.map(([name, count]) => `${name} ${grouped(count)}`).join(', ')}`,
    '',
    paint.dim(`verdict   ${'property'.padEnd(Math.max(8, ...report.properties.map((property) => property.id.length)) + 2)}${'checks'.padStart(9)}  claim (checks count decisive evidence only)`),
    ...propertyLines(report.properties, paint),
    '',
    `${label(paint, 'time')}${duration(report.simulatedUs)} simulated in ${duration(Math.round(report.wallMs * 1_000))}: ${paint.bold(`${short(speed)}x`)} real time; ${grouped(report.events)} events, ${short(perSecond)}/s${report.heapMb === undefined ? '' : `; heap ${Math.round(report.heapMb)} MB`}`,
    ...markLines(report, paint),
    `${label(paint, 'digest')}${paint.cyan(report.digest)}`,
  ];
  if (report.runFile !== undefined) lines.push(`${label(paint, 'saved')}${report.runFile}`);
  if (report.page !== undefined) lines.push(`${label(paint, 'page')}${report.page}`);
  lines.push('', ...verdictLines(report, paint), `${label(paint, 'again')}${paint.bold(report.replay)}`);
  return lines.join('\n');
}

function propertyLines(properties: readonly PropertyReport[], paint: Paint): string[] {
  const width = Math.max(0, ...properties.map((property) => property.id.length)) + 2;
  return properties.map((property) => {
    const head = property.verdict === 'held' ? paint.green('held    ') : property.verdict === 'violated' ? paint.red('VIOLATED') : paint.yellow('not ex. ');
    const checks = property.verdict === 'not-exercised' ? '-' : grouped(property.checks);
    return `${head}  ${paint.bold(property.id.padEnd(width))}${checks.padStart(9)}  ${paint.dim(property.claim)}`;
  });
}

function markLines(report: RunReport, paint: Paint): string[] {
  const { hit, missed } = report.marks;
  if (hit.length + missed.length === 0) return [];
  return [`${label(paint, 'marks')}${hit.length} of ${hit.length + missed.length} rare places reached${missed.length > 0 && missed.length <= 4 ? paint.dim(`; not ${missed.join(', ')}`) : ''}`];
}

function verdictLines(report: RunReport, paint: Paint): string[] {
  const violated = report.properties.filter((property) => property.verdict === 'violated');
  const broken = violated.flatMap((property) => violationLines(property, paint));
  if (report.broke !== undefined) {
    return [
      ...broken,
      paint.red(paint.bold(`Our own code threw on node ${report.broke.node} at ${moment(report.broke.atUs)}: ${report.broke.message}`)),
      ...report.broke.stack.split('\n').slice(1, 12).map((line) => paint.dim(line)),
      'This is a bug of ours: please report it, with these lines and the command below.',
    ];
  }
  if (report.stopped === true && violated.length === 0) return [paint.yellow('Stopped before the end: nothing was violated so far.')];
  if (violated.length === 0) return [paint.green(`${plural(report.properties.filter((property) => property.verdict === 'held').length, 'property', 'properties')} held, none was violated.`)];
  return broken;
}

/** What was violated, at which step, by whom, and what proves it. */
function violationLines(property: PropertyReport, paint: Paint): string[] {
  const lines = [paint.red(paint.bold(`${property.id} is violated: ${property.claim}`))];
  const violation = property.violation;
  if (violation === undefined) return lines;
  const who = violation.nodes.length === 0 ? '' : `, node${violation.nodes.length > 1 ? 's' : ''} ${violation.nodes.join(', ')}`;
  const step = violation.step === undefined ? '' : `, step ${violation.step}${violation.nodes.length > 0 ? ` of node ${violation.nodes[0]}` : ''}`;
  lines.push(`  ${violation.message}`, `  ${paint.dim('at')} ${moment(violation.atUs)}${who}${step}`);
  for (const line of violation.evidence) lines.push(`  ${paint.dim('|')} ${line}`);
  return lines;
}
