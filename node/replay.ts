// `lockstep replay`: refolds journals from their files, verifies every checksum and digest, names the first difference, and
// shows the state after a step. It changes nothing on disk.

import type { Effect } from '../kernel/effect.ts';
import type { Event } from '../kernel/event.ts';
import { paintFor } from '../reports/paint.ts';
import { renderReplay, type NodeReplay, type ReplayReport, type ReplayVerdict } from '../reports/replay-report.ts';
import { readCount } from './arguments.ts';
import type { ForkFlags } from './fork.ts';
import { Complaint, EXIT } from './complaint.ts';
import { dataDirectories, firstStep, refoldDirectory, refuseIfRunning, writerOf } from './data-directory.ts';
import { kernelHash } from './kernel-hash.ts';
import { stateOf } from './replay-state.ts';
import { SignatureAudit, verifierFor } from './signatures.ts';

const SEVERITY: readonly ReplayVerdict[] = ['match', 'forged', 'diverged', 'corrupt'];
const EXIT_CODES = { match: EXIT.held, forged: EXIT.violated, diverged: EXIT.violated, corrupt: EXIT.wrongCommand } as const;

export interface ReplayFlags extends ForkFlags {
  readonly until?: string;
  readonly audit?: boolean;
  readonly config?: string;
  readonly fork?: boolean;
  readonly json?: boolean;
}

export async function replay(paths: readonly string[], flags: ReplayFlags): Promise<number> {
  refuseConflicts(flags);
  if (flags.fork === true) return (await import('./fork.ts')).fork(paths, flags);
  const until = flags.until === undefined ? undefined : readCount(flags.until, '--until', 1, 999_999_999_999);
  const started = performance.now();
  const nodes = paths.flatMap((path) => replayFolder(path, until, flags.audit === true ? { config: flags.config } : undefined));
  const report = summed(nodes, performance.now() - started);
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${renderReplay(report, paintFor(process.stdout.isTTY, process.env))}\n`);
  if (report.verdict === 'corrupt') process.stderr.write(`lockstep: ${report.nodes.find((node) => node.verdict === 'corrupt')?.message}\n`);
  return EXIT_CODES[report.verdict];
}

function refuseConflicts(flags: ReplayFlags): void {
  const lonely = (['from', 'seed', 'faults', 'for'] as const).find((name) => flags[name] !== undefined);
  if (flags.fork !== true && lonely !== undefined) throw new Complaint(`--${lonely} goes with --fork: without it nothing is continued`);
  if (flags.fork === true && flags.until !== undefined) throw new Complaint('--until and --fork do not go together: --from says where the fork begins');
  if (flags.fork === true && flags.audit === true) throw new Complaint('--audit and --fork do not go together: verify the signatures first');
  if (flags.audit !== true && flags.config !== undefined) throw new Complaint('--config goes with --audit: it says whose keys the signatures were made with');
}

/** Signatures are verified too; whose keys they are stands in a configuration. */
interface Auditing {
  readonly config: string | undefined;
}

export function replayFolder(path: string, until?: number, auditing?: Auditing): NodeReplay[] {
  return dataDirectories(path).map((directory) => replayDirectory(directory, until, auditing));
}

function replayDirectory(directory: string, until: number | undefined, auditing: Auditing | undefined): NodeReplay {
  refuseIfRunning(directory);
  const writer = writerOf(directory);
  if (writer !== undefined && writer.version !== kernelHash()) {
    throw new Complaint(`the journal in "${directory}" was written by kernel ${writer.version.slice(0, 12)}, and this is kernel ${kernelHash().slice(0, 12)}: replay it with the version that wrote it`);
  }
  const first = firstStep(directory);
  if (until !== undefined && until < first) throw new Complaint(`--until ${until}: the journal in "${directory}" begins with event ${first}, what came before is compacted`);
  const signatures = auditing === undefined || writer === undefined ? undefined : new SignatureAudit(writer.network, writer.self, verifierFor(directory, writer.network, auditing.config));
  let last: { readonly event: Event; readonly effects: readonly Effect[] } | undefined;
  const seen = (event: Event, effects: readonly Effect[]): void => {
    signatures?.see(event, effects);
    if (event.sequence === until) last = { event, effects };
  };
  const read = refoldDirectory(directory, { writing: {}, fromBoot: true, until: until ?? Number.MAX_SAFE_INTEGER, ...(signatures === undefined && until === undefined ? {} : { seen }) });
  if (read.kind === 'refused') {
    if (read.code === 'format' || read.code === 'version' || read.code === 'locked') throw new Complaint(`the journal in "${directory}" cannot be replayed: ${read.text}`);
    const verdict = read.code === 'diverged' ? 'diverged' : 'corrupt';
    const place = { ...(read.first === undefined ? {} : { at: read.first }), ...(read.last === undefined ? {} : { before: read.last }) };
    return { directory, node: writer?.self ?? 0, verdict, steps: 0, digest: '', last: 0, cut: 0, message: read.text, ...place };
  }
  const { kernel, place, counts } = read;
  if (until !== undefined && place.sequence < until) throw new Complaint(`--until ${until}: the journal in "${directory}" ends with event ${place.sequence}`);
  const state = until === undefined ? {} : { state: stateOf(kernel, last) };
  const found = signatures?.found;
  const forged = found?.forged[0];
  const audited = found === undefined ? {} : { signatures: found };
  const wrong = forged === undefined ? {} : { at: forged.step, message: `forged at event ${forged.step}: ${forged.message}` };
  return { directory, node: kernel.self, verdict: forged === undefined ? 'match' : 'forged', ...wrong, ...audited, steps: counts.refolded, digest: kernel.digest(), last: place.sequence, cut: counts.cut, ...state };
}

function summed(nodes: readonly NodeReplay[], wallMs: number): ReplayReport {
  const worst = nodes.toSorted((a, b) => SEVERITY.indexOf(b.verdict) - SEVERITY.indexOf(a.verdict))[0] as NodeReplay;
  return {
    verdict: worst.verdict,
    steps: nodes.reduce((sum, node) => sum + node.steps, 0),
    digest: nodes.map((node) => node.digest).join(' '),
    ...(worst.at === undefined ? {} : { at: worst.at }),
    wallMs: Math.round(wallMs * 1_000) / 1_000,
    kernel: kernelHash(),
    nodes,
  };
}
