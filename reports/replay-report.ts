// What refolding a journal came to: the document that `replay --json` prints, and its rendering.

import type { Paint } from './paint.ts';
import { duration, grouped, plural, short } from './quantities.ts';

export type ReplayVerdict = 'match' | 'diverged' | 'corrupt';

export interface GroupState {
  readonly group: number;
  readonly role: string;
  readonly term: number;
  readonly leader: number;
  readonly commit: number;
  readonly applied: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
}

export interface StateReport {
  readonly step: number;
  readonly atUs: number;
  readonly wallUs: number;
  readonly node: number;
  readonly digest: string;
  readonly groups: readonly GroupState[];
}

/** One data directory. */
export interface NodeReplay {
  readonly directory: string;
  readonly node: number;
  readonly verdict: ReplayVerdict;
  /** Events that were refolded; the digest after the last of them, compared with the journal at the end of every batch. */
  readonly steps: number;
  readonly digest: string;
  /** The place in the journal of the last event that was refolded. */
  readonly last: number;
  /** The first event at which the journal and the refolded state may differ, and the last before the difference was noticed. */
  readonly at?: number;
  readonly before?: number;
  readonly message?: string;
  /** Batches that were torn above the watermark, and cut. */
  readonly cut: number;
  readonly state?: StateReport;
}

export interface ReplayReport {
  readonly verdict: ReplayVerdict;
  readonly steps: number;
  /** Of one journal, its own; of several, the digests in order of their directories. */
  readonly digest: string;
  readonly at?: number;
  readonly wallMs: number;
  readonly kernel: string;
  readonly nodes: readonly NodeReplay[];
}

export function renderReplay(report: ReplayReport, paint: Paint): string {
  const lines = report.nodes.flatMap((node) => nodeLines(node, paint));
  const seconds = report.wallMs / 1_000;
  lines.push('', `${plural(report.steps, 'event')} in ${duration(Math.round(report.wallMs * 1_000))} (${short(report.steps / seconds)}/s): ${colouredVerdict(report.verdict, paint)}`);
  return lines.join('\n');
}

function colouredVerdict(verdict: ReplayVerdict, paint: Paint): string {
  return verdict === 'match' ? paint.green('every digest matches') : paint.red(verdict === 'diverged' ? 'DIVERGED' : 'CORRUPT');
}

function nodeLines(node: NodeReplay, paint: Paint): string[] {
  const cut = node.cut > 0 ? paint.yellow(`, ${plural(node.cut, 'torn write')} cut`) : '';
  const lines = [`node ${String(node.node).padEnd(4)} ${node.verdict === 'match' ? paint.green('match   ') : paint.red(node.verdict.padEnd(8))} ${grouped(node.steps).padStart(10)} events to ${grouped(node.last)}  ${paint.cyan(node.digest)}${cut}  ${paint.dim(node.directory)}`];
  if (node.message !== undefined) lines.push(`  ${node.message}`);
  if (node.state !== undefined) lines.push(...stateLines(node.state, paint));
  return lines;
}

function stateLines(state: StateReport, paint: Paint): string[] {
  return [
    `  ${paint.bold(`state after event ${state.step}`)}, at ${duration(state.atUs)}`,
    ...state.groups.map((group) => `  group ${String(group.group).padEnd(4)} ${group.role.padEnd(12)} term ${group.term}, leader ${group.leader === 0 ? 'unknown' : group.leader}, log ${group.firstIndex}..${group.lastIndex}, committed ${group.commit}, applied ${group.applied}`),
  ];
}
