// What there is to say about a sweep: the document that `sim --seeds --json` prints, and how it is built up run by run.

import type { OperationCounts, PropertyReport, RunReport } from './run-report.ts';

export interface FailedRun {
  readonly seed: number;
  readonly scenario: string;
  /** Ids of what was violated. */
  readonly properties: readonly string[];
  /** The same for runs that failed in the same way. */
  readonly signature: string;
  readonly message: string;
  readonly kind: 'safety' | 'liveness' | 'broke';
  readonly replay: string;
}

/** A failure that somebody has looked at, and why it is not mended yet. */
export interface KnownFailure {
  readonly signature: string;
  /** What it violates; a run that violates more is a new failure. */
  readonly properties: readonly string[];
  readonly why: string;
}

export interface SweptProperty {
  readonly id: string;
  readonly claim: string;
  readonly runsExercised: number;
  readonly checks: number;
}

/** Two executions of one run that should have been the same. */
export interface Disagreement {
  readonly seed: number;
  readonly scenario: string;
  readonly digest: string;
  readonly digestElsewhere: string;
  readonly replay: string;
}

export interface SweepReport {
  readonly version: string;
  readonly kernel: string;
  readonly scenario: string;
  readonly seeds: { readonly from: number; readonly to: number };
  /** How many runs were asked for: more than were executed if somebody, or a failure, ended the sweep. */
  readonly planned: number;
  readonly runs: number;
  readonly operations: OperationCounts;
  readonly failed: readonly FailedRun[];
  /** Failures that were known before: listed, and not counted. */
  readonly known: readonly FailedRun[];
  readonly events: number;
  readonly steps: number;
  readonly simulatedUs: number;
  readonly wallMs: number;
  readonly jobs: number;
  readonly properties: readonly SweptProperty[];
  readonly marks: { readonly hit: readonly string[]; readonly missed: readonly string[] };
  readonly faults: Readonly<Record<string, number>>;
  /** Runs that were executed again in another process, and those whose digest was another one. */
  readonly repeated: { readonly runs: number; readonly checkedRuns: number; readonly disagreements: readonly Disagreement[] };
  readonly canary?: { readonly caught: boolean; readonly by: readonly string[] };
  /** Properties that no run gave decisive evidence for, where the sweep was large enough to expect some. */
  readonly neverExercised: readonly string[];
  /** Marks that no run reached, under the same condition. */
  readonly neverHit: readonly string[];
  readonly stopped: boolean;
}

/** How a run failed. What a property says about it tells more than the assertion that may have followed. */
export function failureOf(run: RunReport): FailedRun | undefined {
  const { seed, scenario, replay } = run;
  const violated = run.properties.filter((property) => property.verdict === 'violated');
  const properties = violated.map((property) => property.id);
  const first = violated.find((property) => property.kind === 'safety') ?? violated[0];
  const broke = run.broke;
  if (first !== undefined) {
    const message = first.violation?.message ?? first.claim;
    return { seed, scenario, properties, signature: first.violation?.signature ?? first.id, message, kind: broke === undefined || first.kind === 'safety' ? first.kind : 'broke', replay };
  }
  if (broke === undefined) return undefined;
  return { seed, scenario, properties, signature: `our own code threw: ${broke.message.replace(/\d+/g, '#')}`, message: broke.message, kind: 'broke', replay };
}

/** Adds up runs as they come in. */
export class SweepTally {
  runs = 0;
  events = 0;
  steps = 0;
  simulatedUs = 0;
  readonly failed: FailedRun[] = [];
  readonly known: FailedRun[] = [];
  private readonly isKnown: (failure: FailedRun) => boolean;
  private readonly operations = { invoked: 0, ok: 0, failed: 0, unknown: 0 };
  private readonly properties = new Map<string, { claim: string; runsExercised: number; checks: number }>();
  private readonly marks = new Map<string, boolean>();
  private readonly faults = new Map<string, number>();

  constructor(isKnown: (failure: FailedRun) => boolean = () => false) {
    this.isKnown = isKnown;
  }

  add(run: RunReport): void {
    this.runs += 1;
    this.events += run.events;
    this.steps += run.steps;
    this.simulatedUs += run.simulatedUs;
    for (const key of ['invoked', 'ok', 'failed', 'unknown'] as const) this.operations[key] += run.operations[key];
    for (const property of run.properties) this.addProperty(property);
    for (const mark of run.marks.missed) if (!this.marks.has(mark)) this.marks.set(mark, false);
    for (const mark of run.marks.hit) this.marks.set(mark, true);
    for (const [name, count] of Object.entries(run.faults)) this.faults.set(name, (this.faults.get(name) ?? 0) + count);
    const failure = failureOf(run);
    if (failure !== undefined) (this.isKnown(failure) ? this.known : this.failed).push(failure);
  }

  private addProperty(property: PropertyReport): void {
    const entry = this.properties.get(property.id) ?? { claim: property.claim, runsExercised: 0, checks: 0 };
    if (property.verdict !== 'not-exercised') entry.runsExercised += 1;
    entry.checks += property.checks;
    this.properties.set(property.id, entry);
  }

  sums(): Pick<SweepReport, 'runs' | 'operations' | 'failed' | 'known' | 'events' | 'steps' | 'simulatedUs' | 'properties' | 'marks' | 'faults'> {
    const marks = [...this.marks].sort(([a], [b]) => (a < b ? -1 : 1));
    const bySeed = (a: FailedRun, b: FailedRun): number => a.seed - b.seed || (a.scenario < b.scenario ? -1 : 1);
    return {
      runs: this.runs,
      operations: { ...this.operations },
      failed: this.failed.toSorted(bySeed),
      known: this.known.toSorted(bySeed),
      events: this.events,
      steps: this.steps,
      simulatedUs: this.simulatedUs,
      properties: [...this.properties].map(([id, property]) => ({ id, ...property })),
      marks: { hit: marks.filter(([, hit]) => hit).map(([name]) => name), missed: marks.filter(([, hit]) => !hit).map(([name]) => name) },
      faults: Object.fromEntries(this.faults),
    };
  }
}
