// One scenario, two worlds: what each of them came to, side by side. The document that `conform --json` prints, and its
// rendering.

import type { RunFigures } from '../scenarios/figures.ts';
import type { Paint } from './paint.ts';
import { duration, grouped, plural } from './quantities.ts';

export interface WorldVerdict {
  readonly verdict: 'held' | 'violated' | 'not-exercised';
  readonly checks: number;
  /** What was violated, in a sentence, and the evidence. */
  readonly violation?: { readonly message: string; readonly evidence: readonly string[] };
}

export interface ConformProperty {
  readonly id: string;
  readonly kind: 'safety' | 'liveness';
  readonly simulated: WorldVerdict;
  readonly live: WorldVerdict;
}

export interface ConformWorld {
  readonly figures: RunFigures;
  readonly retries: number;
  readonly faults: Readonly<Record<string, number>>;
}

export interface ConformRow {
  readonly scenario: string;
  readonly about: string;
  /** What stood between the live nodes. */
  readonly links: string;
  readonly seed: number;
  readonly liveUs: number;
  /** Properties that were violated in one world and not in the other. */
  readonly differing: readonly string[];
  /** Properties that had something to judge in one world only. */
  readonly exercisedInOne: readonly string[];
  readonly properties: readonly ConformProperty[];
  readonly simulated: ConformWorld;
  readonly live: ConformWorld;
  /** Processes that fell, and the like. */
  readonly troubles: readonly string[];
  /** Where the live network's files were kept. */
  readonly folder?: string;
  readonly replay: string;
}

export interface ConformReport {
  readonly version: string;
  readonly kernel: string;
  /** What stood between live nodes; and why there were no packets, where they were asked for. */
  readonly links: readonly string[];
  readonly noPackets?: string;
  readonly scenarios: readonly ConformRow[];
  readonly liveUs: number;
  readonly sameVerdicts: number;
  readonly wallMs: number;
  readonly stopped?: boolean;
}

const WIDTH = 20;
const CELL = 17;

export function conformHead(paint: Paint): string {
  const titles = ['ok', 'refused', 'unknown', 'asked again', 'p50 ms', 'p95 ms', 'leader changes', 'candidacies'];
  return `${' '.repeat(WIDTH)}${titles.map((title) => title.padStart(CELL)).join('')}  verdicts\n${paint.dim(`${'scenario'.padEnd(WIDTH)}${titles.map(() => 'simulated / live'.padStart(CELL)).join('')}`)}`;
}

export function renderConformRow(row: ConformRow, paint: Paint): string {
  const sim = row.simulated.figures;
  const live = row.live.figures;
  const cells = [
    pair(grouped(sim.ok), grouped(live.ok)), pair(grouped(sim.refused), grouped(live.refused)), pair(grouped(sim.unknown), grouped(live.unknown)), pair(grouped(row.simulated.retries), grouped(row.live.retries)),
    pair(ms(sim.p50Us), ms(live.p50Us)), pair(ms(sim.p95Us), ms(live.p95Us)), pair(String(sim.leaderChanges), String(live.leaderChanges)), pair(String(sim.elections), String(live.elections)),
  ];
  const lines = [`${paint.bold(row.scenario.padEnd(WIDTH))}${cells.map((cell) => cell.padStart(CELL)).join('')}  ${verdictWords(row, paint)}`];
  if (row.exercisedInOne.length > 0) lines.push(paint.dim(`${' '.repeat(WIDTH)}judged in one world only: ${row.exercisedInOne.map((id) => `${id} (${exercisedWhere(row, id)})`).join(', ')}`));
  for (const property of row.properties) {
    for (const world of ['simulated', 'live'] as const) {
      const violation = property[world].violation;
      if (violation === undefined) continue;
      lines.push(paint.red(`  ${property.id} is violated (${world}): ${violation.message}`), ...violation.evidence.map((line) => paint.dim(`  | ${line}`)));
    }
  }
  for (const trouble of row.troubles) lines.push(...trouble.split('\n').map((line) => paint.yellow(`  ${line}`)));
  if (row.folder !== undefined) lines.push(`  the live network's files are kept in ${row.folder}`);
  return lines.join('\n');
}

const pair = (simulated: string, live: string): string => `${simulated} / ${live}`;
const ms = (us: number): string => (us / 1_000).toFixed(us < 100_000 ? 1 : 0);

function exercisedWhere(row: ConformRow, id: string): string {
  return row.properties.find((property) => property.id === id)?.live.verdict === 'not-exercised' ? 'simulated' : 'live';
}

function verdictWords(row: ConformRow, paint: Paint): string {
  if (row.differing.length > 0) return paint.red(`DIFFERENT: ${row.differing.join(', ')}`);
  const violated = row.properties.filter((property) => property.live.verdict === 'violated');
  if (violated.length > 0) return paint.red(`same: ${violated.map((property) => property.id).join(', ')} violated`);
  return paint.green(`same (${row.properties.filter((property) => property.live.verdict === 'held').length} held)`);
}

export function renderConformList(scenarios: readonly { readonly name: string; readonly about: string }[], paint: Paint): string {
  return scenarios.map(({ name, about }) => `${paint.cyan(name.padEnd(WIDTH))}${about}`).join('\n');
}

export function renderConformEnd(report: ConformReport, paint: Paint): string {
  const all = report.scenarios.length;
  const same = report.sameVerdicts === all ? paint.green(`the same verdicts in ${all === 1 ? 'it' : `all ${all}`}`) : paint.red(`the same verdicts in ${report.sameVerdicts} of ${all}`);
  const lines = [`${plural(all, 'scenario')}, ${duration(report.liveUs)} of live time: ${same}; ${report.links.join('; ')}`];
  if (report.stopped === true) lines.push(paint.yellow('Stopped before the end.'));
  return lines.join('\n');
}
