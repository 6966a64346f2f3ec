// What refolding a journal came to: the document that `replay --json` prints, and its rendering.

import type { Paint } from './paint.ts';
import { duration, grouped, plural, short } from './quantities.ts';

/** `forged`: it refolds, and something stands in it that its sender has not signed. */
export type ReplayVerdict = 'match' | 'forged' | 'diverged' | 'corrupt';

export interface GroupState {
  readonly group: number;
  readonly role: string;
  readonly term: number;
  readonly leader: number;
  readonly commit: number;
  readonly applied: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Of the register: its epoch, logical time, records, and client sessions. */
  readonly epoch: number;
  readonly lamport: number;
  readonly records: number;
  readonly sessions: number;
  /** Requests of this node's own clients that are under way. */
  readonly open: number;
}

export interface StateReport {
  readonly step: number;
  readonly atUs: number;
  readonly wallUs: number;
  readonly node: number;
  readonly digest: string;
  readonly incarnation: number;
  readonly groups: readonly GroupState[];
  /** What it knew of the others: the life it last heard from, and the furthest place in that one's journal. */
  readonly peers: readonly { readonly node: number; readonly incarnation: number; readonly heard: number }[];
  readonly nextDeadlineUs?: number;
  /** The event itself, and what the node did about it, in words. */
  readonly event?: string;
  readonly effects?: readonly string[];
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
  /** Signatures that were verified again, and what was found forged, by step. */
  readonly signatures?: { readonly verified: number; readonly forged: readonly { readonly step: number; readonly from: number; readonly message: string }[] };
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
  return verdict === 'match' ? paint.green('every digest matches') : paint.red(verdict.toUpperCase());
}

function nodeLines(node: NodeReplay, paint: Paint): string[] {
  const cut = node.cut > 0 ? paint.yellow(`, ${plural(node.cut, 'torn write')} cut`) : '';
  const lines = [`node ${String(node.node).padEnd(4)} ${node.verdict === 'match' ? paint.green('match   ') : paint.red(node.verdict.padEnd(8))} ${grouped(node.steps).padStart(10)} events to ${grouped(node.last)}  ${paint.cyan(node.digest)}${cut}  ${paint.dim(node.directory)}`];
  if (node.message !== undefined) lines.push(`  ${node.message}`);
  if (node.signatures !== undefined) lines.push(`  ${plural(node.signatures.verified, 'signature')} verified again${node.signatures.forged.length === 0 ? '' : `; ${paint.red(`${node.signatures.forged.length} forged`)}`}`);
  if (node.state !== undefined) lines.push(...stateLines(node.state, paint));
  return lines;
}

const MOST_EFFECTS = 8;

/** UTC, to the second. */
const calendar = (us: number): string => new Date(Math.floor(us / 1_000)).toISOString().replace('T', ' ').slice(0, 19);

function stateLines(state: StateReport, paint: Paint): string[] {
  return [
    `  ${paint.bold(`state after event ${state.step}`)}, at ${duration(state.atUs)}, calendar ${calendar(state.wallUs)}, incarnation ${state.incarnation}`,
    ...(state.event === undefined ? [] : [`  happened   ${state.event}`]),
    ...(state.effects ?? []).slice(0, MOST_EFFECTS).map((effect, place) => `  ${place === 0 ? 'it' : '  '}         ${effect}`),
    ...((state.effects?.length ?? 0) > MOST_EFFECTS ? [paint.dim(`             and ${(state.effects?.length ?? 0) - MOST_EFFECTS} more`)] : []),
    ...(state.nextDeadlineUs === undefined ? [] : [`  next       deadline at ${duration(state.nextDeadlineUs)}`]),
    ...state.groups.flatMap((group) => [`  group ${String(group.group).padEnd(4)} ${group.role.padEnd(12)} term ${group.term}, leader ${group.leader === 0 ? 'unknown' : group.leader}, ${group.lastIndex < group.firstIndex ? 'log empty' : `log ${group.firstIndex}..${group.lastIndex}`}, committed ${group.commit}, applied ${group.applied}`, `             register: epoch ${group.epoch}, ${plural(group.records, 'record')} at lamport ${group.lamport}; ${plural(group.sessions, 'session')}; ${plural(group.open, 'own request')} open`]),
    ...state.peers.map((peer) => `  node ${String(peer.node).padEnd(6)}${peer.incarnation === 0 ? 'has not said hello' : `incarnation ${peer.incarnation}, heard up to event ${grouped(peer.heard)} of its journal`}`),
  ];
}
