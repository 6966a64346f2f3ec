// What an audit of collected journals came to: the document that `audit --json` prints, and its rendering.

import type { Paint } from './paint.ts';
import { duration, grouped, plural, short } from './quantities.ts';

export interface AuditedNode {
  readonly node: number;
  readonly directory: string;
  /** The first and the last event that were read. */
  readonly from: number;
  readonly to: number;
  readonly events: number;
  /** Snapshots that were compared with the state that the events before them give. */
  readonly snapshots: number;
  /** Batches that were torn above the watermark, and cut. */
  readonly cut: number;
}

export interface AuditedProperty {
  readonly id: string;
  readonly claim: string;
  readonly verdict: 'held' | 'violated' | 'not-exercised';
  readonly checks: number;
  readonly violation?: { readonly signature: string; readonly message: string; readonly nodes: readonly number[]; readonly step?: number; readonly evidence: readonly string[] };
}

export interface AuditReport {
  readonly verdict: 'held' | 'violated';
  readonly kernel: string;
  readonly events: number;
  readonly wallMs: number;
  readonly nodes: readonly AuditedNode[];
  readonly properties: readonly AuditedProperty[];
}

export function renderAudit(report: AuditReport, paint: Paint): string {
  const seconds = report.wallMs / 1_000;
  const violated = report.properties.filter((property) => property.verdict === 'violated');
  return [
    ...report.nodes.map((node) => nodeLine(node, paint)),
    '',
    ...auditedLines(report.properties, paint),
    '',
    ...violated.flatMap((property) => violationLines(property, paint)),
    `${plural(report.events, 'event')} of ${plural(report.nodes.length, 'node')} in ${duration(Math.round(report.wallMs * 1_000))} (${short(report.events / seconds)}/s): ${report.verdict === 'held' ? paint.green('nothing was violated') : paint.red('VIOLATED')}`,
  ].join('\n');
}

function nodeLine(node: AuditedNode, paint: Paint): string {
  const compacted = node.from > 1 ? paint.yellow(` (compacted: what was committed before is not judged)`) : '';
  const cut = node.cut > 0 ? paint.yellow(`, ${plural(node.cut, 'torn write')} cut`) : '';
  return `node ${String(node.node).padEnd(4)} events ${grouped(node.from)} to ${grouped(node.to)}, ${plural(node.snapshots, 'snapshot')} compared${cut}  ${paint.dim(node.directory)}${compacted}`;
}

export function auditedLines(properties: readonly AuditedProperty[], paint: Paint): string[] {
  const width = Math.max(8, ...properties.map((property) => property.id.length)) + 2;
  return properties.map((property) => {
    const head = property.verdict === 'held' ? paint.green('held    ') : property.verdict === 'violated' ? paint.red('VIOLATED') : paint.yellow('not ex. ');
    const checks = property.verdict === 'not-exercised' ? '-' : grouped(property.checks);
    return `${head}  ${paint.bold(property.id.padEnd(width))}${checks.padStart(11)}  ${paint.dim(property.claim)}`;
  });
}

export function violationLines({ id, violation }: AuditedProperty, paint: Paint): string[] {
  if (violation === undefined) return [];
  const step = violation.step === undefined ? '' : `, step ${violation.step} of node ${violation.nodes[0]}`;
  return [paint.red(paint.bold(`${id}: ${violation.message}`)) + paint.dim(step), ...violation.evidence.map((line) => `  ${line}`), ''];
}
