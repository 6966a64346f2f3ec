// What killing live nodes came to: the document that `crash --json` prints, and its rendering.

import { auditedLines, violationLines, type AuditedProperty } from './audit-report.ts';
import type { Paint } from './paint.ts';
import { duration, grouped, plural } from './quantities.ts';
import type { ReplayVerdict } from './replay-report.ts';

export interface CrashReport {
  /** `stuck`: nothing was lost or changed, but nodes or service did not come back in time, or fewer kills struck than were asked for. */
  readonly verdict: 'held' | 'violated' | 'stuck';
  readonly version: string;
  readonly kernel: string;
  readonly seed: number;
  readonly nodes: number;
  readonly kills: { readonly asked: number; readonly done: number; readonly leader: number; readonly inSnapshot: number; readonly inRecovery: number; readonly together: number };
  /** From killing a leader until a decide that was asked for afterwards was acknowledged. */
  readonly serviceBackMs: { readonly samples: number; readonly p50: number; readonly p95: number; readonly max: number; readonly bound: number };
  readonly operations: { readonly invoked: number; readonly ok: number; readonly failed: number; readonly unknown: number; readonly readBack: number };
  readonly replay: { readonly verdict: ReplayVerdict; readonly events: number; readonly cut: number };
  readonly audit: { readonly verdict: 'held' | 'violated'; readonly events: number };
  /** Of the clients' history, and of all journals together. */
  readonly properties: readonly AuditedProperty[];
  /** What nodes said that no node should say, and what did not come to be in time. */
  readonly alarms: readonly string[];
  readonly wallMs: number;
  /** Where the files of the nodes are, if they were kept. */
  readonly folder?: string;
}

export function renderCrash(report: CrashReport, paint: Paint): string {
  const { kills, serviceBackMs: back, operations: o, replay } = report;
  const violated = report.properties.filter((property) => property.verdict === 'violated');
  const label = (text: string): string => paint.dim(text.padEnd(12));
  const late = back.p95 > back.bound;
  const service = `${duration(back.p50 * 1_000)} median, ${duration(back.p95 * 1_000)} p95 (at most ${duration(back.bound * 1_000)}), ${duration(back.max * 1_000)} longest, of ${plural(back.samples, 'leader')}`;
  return [
    `${label('kills')}${grouped(kills.done)} of ${report.nodes} nodes: ${grouped(kills.inSnapshot)} during a snapshot, ${grouped(kills.inRecovery)} during recovery, ${grouped(kills.leader)} of a leader, ${grouped(kills.together)} of all nodes at once`,
    `${label('back after')}${late ? paint.yellow(service) : service}`,
    `${label('operations')}${grouped(o.invoked)} invoked: ${paint.green(`${grouped(o.ok)} ok`)}, ${grouped(o.failed)} failed, ${grouped(o.unknown)} unknown; ${grouped(o.readBack)} acknowledged needs read back at the end`,
    `${label('replay')}${replay.verdict === 'match' ? paint.green('every digest matches') : paint.red(replay.verdict)}, ${plural(replay.events, 'event')}, ${plural(replay.cut, 'torn write')} to cut at the end; ${plural(report.audit.events, 'event')} audited from the first on`,
    '',
    ...auditedLines(report.properties, paint),
    '',
    ...violated.flatMap((property) => violationLines(property, paint)),
    ...report.alarms.map((line) => paint.red(line)),
    report.verdict === 'held' ? paint.green(`Nothing that was acknowledged was lost or changed, in ${duration(Math.round(report.wallMs) * 1_000)}.`) : paint.red(paint.bold(report.verdict === 'violated' ? 'VIOLATED' : 'It did not come back in time.')),
    ...(report.folder === undefined ? [] : [`${label('files')}${report.folder}`]),
  ].join('\n');
}
