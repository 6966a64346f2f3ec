// `lockstep audit`: global properties over the journals that were collected from several nodes, live or simulated. It changes
// nothing on disk.

import type { NodeId } from '../../kernel/base/ids.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import { renderAudit, type AuditReport, type AuditedNode } from '../../reports/audit-report.ts';
import { paintFor } from '../../reports/paint.ts';
import { signatureOf } from '../../properties/signature.ts';
import { Complaint, EXIT } from '../complaint.ts';
import { dataDirectories, filesOf, refoldDirectory, refuseIfRunning, writerOf } from '../data-directory.ts';
import { segmentOf, snapshotOf } from '../../io/journal-format.ts';
import { kernelHash } from '../kernel-hash.ts';
import { Audit, type Judged } from './audit-journals.ts';
import { CollectedJournal } from './collected-journal.ts';

export interface AuditFlags {
  readonly json?: boolean;
}

export function audit(paths: readonly string[], flags: AuditFlags): number {
  const report = auditFolders(paths);
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${renderAudit(report, paintFor(process.stdout.isTTY, process.env))}\n`);
  return report.verdict === 'violated' ? EXIT.violated : EXIT.held;
}

export function auditFolders(paths: readonly string[]): AuditReport {
  const started = performance.now();
  const directories = paths.flatMap((path) => dataDirectories(path));
  for (const directory of directories) refuseIfRunning(directory);
  const { journals, parameters } = opened(directories);
  const run = new Audit(journals, parameters);
  const judged = run.run();
  refuseCorrupt(journals);
  return {
    verdict: judged.some(({ judgement }) => judgement.verdict === 'violated') ? 'violated' : 'held',
    kernel: kernelHash(), events: run.events, wallMs: Math.round((performance.now() - started) * 1_000) / 1_000,
    nodes: journals.map(nodeOf), properties: judged.map(propertyOf),
  };
}

interface Opened {
  readonly journals: readonly CollectedJournal[];
  readonly parameters: Parameters;
}

/** One journal for each node of one network, written by this kernel. */
function opened(directories: readonly string[]): Opened {
  const journals: CollectedJournal[] = [];
  let network: { readonly hash: string; readonly directory: string; readonly parameters: Parameters } | undefined;
  for (const directory of directories) {
    const { node, hash, parameters } = owner(directory);
    if (network === undefined) network = { hash, directory, parameters };
    else if (network.hash !== hash) throw new Complaint(`"${network.directory}" and "${directory}" belong to different networks: audit the journals of one network together`);
    const twin = journals.find((journal) => journal.node === node);
    if (twin !== undefined) throw new Complaint(`"${twin.directory}" and "${directory}" are both of node ${node}: give one journal for each node`);
    journals.push(new CollectedJournal(directory, node));
  }
  return { journals, parameters: (network as { readonly parameters: Parameters }).parameters };
}

/** Whose journal it is. The parameters stand in its first event, or in its oldest snapshot. */
function owner(directory: string): { readonly node: NodeId; readonly hash: string; readonly parameters: Parameters } {
  const writer = writerOf(directory);
  if (writer !== undefined && writer.version !== kernelHash()) {
    throw new Complaint(`the journal in "${directory}" was written by kernel ${writer.version.slice(0, 12)}, and this is kernel ${kernelHash().slice(0, 12)}: audit it with the version that wrote it`);
  }
  const files = filesOf(directory);
  const places = files.some((file) => segmentOf(file) === 1) ? [1] : files.map(snapshotOf).filter((sequence) => sequence !== undefined);
  let why = 'it has neither its first event nor a snapshot';
  for (const until of places) {
    const read = refoldDirectory(directory, { writing: {}, fromBoot: true, until });
    if (read.kind === 'refolded' && read.place.sequence >= 1) {
      const { self, parameters } = read.kernel.image();
      return { node: self, hash: parameters.network, parameters };
    }
    if (read.kind === 'refused') why = read.text;
  }
  throw new Complaint(`the journal in "${directory}" cannot be audited: ${why}`);
}

/** What cannot be read is no evidence: neither for nor against anything. */
function refuseCorrupt(journals: readonly CollectedJournal[]): void {
  for (const { directory, ended } of journals) {
    if (ended?.kind === 'refused' && ended.code !== 'diverged') throw new Complaint(`the journal in "${directory}" cannot be audited: ${ended.text}`);
  }
}

function nodeOf({ node, directory, base, place, ended, snapshotsCompared }: CollectedJournal): AuditedNode {
  const from = (base?.sequence ?? 0) + 1;
  return { node, directory, from, to: place, events: place - from + 1, snapshots: snapshotsCompared, cut: ended?.kind === 'refolded' ? ended.counts.cut : 0 };
}

export function propertyOf({ id, claim, judgement: { verdict, checks, violation } }: Judged): AuditReport['properties'][number] {
  const base = { id, claim, verdict, checks };
  if (violation === undefined) return base;
  const { message, nodes, sequence, evidence } = violation;
  return { ...base, violation: { signature: signatureOf(id, violation), message, nodes, ...(sequence === undefined ? {} : { step: sequence }), evidence: evidence ?? [] } };
}
