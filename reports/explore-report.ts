// What exploring a small world came to: the document that `explore --json` prints, and its rendering.

import type { Bounds } from '../scenarios/small-world/bounds.ts';
import type { Told } from '../scenarios/small-world/tale.ts';
import type { Paint } from './paint.ts';
import { duration, grouped, plural, short } from './quantities.ts';

export interface ExploredClaim {
  readonly id: string;
  readonly claim: string;
  readonly verdict: 'held' | 'violated' | 'not-exercised';
  /** States (or steps of a member) in which there was something to judge. */
  readonly checks: number;
  readonly violation?: string;
}

export interface ExploreReport {
  readonly version: string;
  readonly kernel: string;
  readonly mutant?: string;
  readonly bounds: Bounds;
  /** `complete`: every state of the world was visited. */
  readonly ended: 'complete' | 'violated' | 'budget' | 'memory' | 'interrupted';
  readonly complete: boolean;
  readonly states: number;
  readonly transitions: number;
  /** Different states of one member, and frames, that the states are made of. */
  readonly memberStates: number;
  readonly frames: number;
  /** Frames whose time was over that members were tried with: ignored, they are not kept (`bounds.late` false). */
  readonly pastTried: number;
  /** New states at each distance from the first one; all states within `depth` actions were visited. */
  readonly levels: readonly number[];
  readonly depth: number;
  /** How many states there are, as far as the growth of levels tells; null: it does not. */
  readonly estimatedStates: number | null;
  /** Below this is the probability that two different states were taken for one. */
  readonly collisionBelow: number;
  readonly digest: string;
  readonly budgetMs: number;
  readonly wallMs: number;
  /** Processor time: what a busy machine does not stretch. */
  readonly cpuMs: number;
  readonly statesPerSecond: number;
  readonly properties: readonly ExploredClaim[];
  readonly trace?: { readonly length: number; readonly shortest: boolean; readonly steps: readonly Told[] };
  readonly replay: string;
}

const label = (paint: Paint, text: string): string => paint.dim(text.padEnd(12));

export function renderExplore(report: ExploreReport, paint: Paint): string {
  const violated = report.properties.filter((claim) => claim.verdict === 'violated');
  return [
    `${paint.bold('small world')} ${paint.dim(`lockstep ${report.version}, kernel ${report.kernel.slice(0, 12)}`)}${report.mutant === undefined ? '' : `  ${paint.yellow(`planted bug ${report.mutant}`)}`}`,
    `${label(paint, 'bounds')}${boundsText(report.bounds)}`,
    `${label(paint, 'network')}frames arrive in any order, at any time or never, so every loss, delay and partition is among the runs`,
    `${label(paint, 'states')}${grouped(report.states)} by ${grouped(report.transitions)} actions in ${duration(report.wallMs * 1_000)} (${short(report.statesPerSecond)}/s; ${duration(report.cpuMs * 1_000)} of processor time); made of ${grouped(report.memberStates)} states of members and ${grouped(report.frames)} frames`,
    `${label(paint, 'past')}${pastText(report)}`,
    `${label(paint, 'searched')}${searched(report)}`,
    ...(report.complete || report.ended === 'violated' ? [] : [`${label(paint, 'size')}${sizeText(report)}`]),
    `${label(paint, 'hashes')}64 bits; that two states were taken for one has a probability below ${report.collisionBelow.toExponential(0)}`,
    '',
    paint.dim(`${'verdict'.padEnd(16)}${'property'.padEnd(22)}${'checks'.padStart(12)}  claim (checks count states with something to judge)`),
    ...report.properties.map((claim) => claimLine(claim, paint)),
    '',
    ...violated.map((claim) => `${paint.red(paint.bold(`VIOLATED ${claim.id}`))}: ${claim.violation}`),
    ...traceLines(report, paint),
    `${label(paint, 'again')}${report.replay}`,
  ].join('\n');
}

function boundsText(b: Bounds): string {
  return [
    plural(b.nodes, 'node'), plural(b.terms, 'term'), plural(b.entries, 'entry', 'entries'), plural(b.crashes, 'crash', 'crashes'), plural(b.heartbeats, 'heartbeat'), plural(b.duplicates, 'duplicate'), plural(b.reads, 'read'),
    `${plural(b.batch, 'entry', 'entries')} in an append`, b.preVotes ? 'pre-votes as frames' : 'pre-votes as given', b.symmetry ? 'members alike' : 'members apart',
  ].join(', ');
}

function pastText({ bounds, pastTried }: ExploreReport): string {
  if (bounds.late) return 'a frame whose time was over was heeded, so all of them are kept';
  return `frames whose time is over are forgotten: ${grouped(pastTried)} were tried on the members they might reach, and none was heeded`;
}

function searched(report: ExploreReport): string {
  if (report.complete) return 'all states of this world: nothing else can happen within these bounds';
  const within = `all states within ${plural(report.depth, 'action')}`;
  switch (report.ended) {
    case 'violated':
      return `${within}, up to the violation`;
    case 'memory':
      return `${within}, and others; the table of states is full`;
    case 'interrupted':
      return `${within}, and others; interrupted`;
    default:
      return `${within}, and others; the budget of ${duration(report.budgetMs * 1_000)} is used up`;
  }
}

function sizeText(report: ExploreReport): string {
  if (report.estimatedStates === null) return 'unknown: the growth of the levels does not say where it ends';
  return `about ${report.estimatedStates.toExponential(0)} states in all, if levels go on to grow as they did: no more than an order of magnitude`;
}

function claimLine(claim: ExploredClaim, paint: Paint): string {
  const verdict = claim.verdict.padEnd(16);
  const painted = claim.verdict === 'held' ? paint.green(verdict) : claim.verdict === 'violated' ? paint.red(verdict) : paint.yellow(verdict);
  return `${painted}${claim.id.padEnd(22)}${grouped(claim.checks).padStart(12)}  ${claim.claim}`;
}

function traceLines(report: ExploreReport, paint: Paint): readonly string[] {
  const { trace } = report;
  if (trace === undefined) return [];
  const head = `${plural(trace.length, 'action')}: ${trace.shortest ? 'no shorter trace leads to a violation within these bounds' : 'the shortest trace found so far; a shorter one may exist'}`;
  const steps = trace.steps.flatMap((step, place) => [
    `${String(place + 1).padStart(4)}  ${paint.bold(`node ${step.node}`)} ${step.does}`,
    ...step.sends.map((sent) => `        -> ${sent}`),
    ...step.answers.map((answer) => `        => client: ${answer}`),
    paint.dim(`        =  ${step.is}`),
  ]);
  return [head, ...steps, ''];
}
