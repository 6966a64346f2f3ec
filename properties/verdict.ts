// How a watch keeps count and speaks: decisive checks, and the first violation, which it reports at once. A property that was
// never exercised says so; it does not say "held".

import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Judgement, RunView, Violation, Watch } from '../io/sim/evidence.ts';

export abstract class Verdicts implements Watch {
  protected readonly run: RunView;
  private counted = 0;
  private readonly property: string;
  private violation: Violation | undefined;

  constructor(property: string, run: RunView) {
    this.property = property;
    this.run = run;
  }

  /** Decisive evidence so far. */
  protected get checks(): number {
    return this.counted;
  }

  protected set checks(checks: number) {
    this.counted = checks;
  }

  /** Only the first violation counts: what follows it is often its consequence. */
  protected violated(at: Micros, nodes: readonly NodeId[], message: string, evidence: readonly string[] = [], sequence?: number): void {
    if (this.violation !== undefined) return;
    this.violation = sequence === undefined ? { message, at, nodes, evidence } : { message, at, nodes, evidence, sequence };
    this.run.violated(this.property, this.violation);
  }

  judge(): Judgement {
    if (this.violation !== undefined) return { verdict: 'violated', checks: this.checks, violation: this.violation };
    return { verdict: this.checks === 0 ? 'not-exercised' : 'held', checks: this.checks };
  }
}
