// What the monitors of live nodes counted: read from their metrics while they run, added up over all lives of all nodes. A
// node that is killed takes its last second of counting with it; what it said aloud is kept.

import type { Watched } from '../evidence/judge.ts';

const CHECKS = /^lockstep_property_checks_total\{property="([^"]+)"[^}]*\} (\d+)$/;
const VIOLATED = /VIOLATED ([^:]+): (.*)$/;

export class Readings {
  /** By property, then by node and life: the last reading. */
  private readonly checks: Map<string, Map<string, number>> = new Map();
  private readonly violations: Map<string, string> = new Map();

  /** `life`: whose metrics these are. */
  read(life: string, metrics: string): void {
    for (const line of metrics.split('\n')) {
      const match = CHECKS.exec(line);
      if (match === null) continue;
      const property = match[1] as string;
      let known = this.checks.get(property);
      if (known === undefined) this.checks.set(property, (known = new Map()));
      known.set(life, Number(match[2]));
    }
  }

  /** A line that a node said. */
  heard(line: string): void {
    const match = VIOLATED.exec(line);
    if (match !== null && !this.violations.has(match[1] as string)) this.violations.set(match[1] as string, match[2] as string);
  }

  watched(): Map<string, Watched> {
    const out = new Map<string, Watched>();
    for (const [property, lives] of this.checks) out.set(property, { checks: [...lives.values()].reduce((sum, checks) => sum + checks, 0) });
    for (const [property, violated] of this.violations) out.set(property, { checks: out.get(property)?.checks ?? 0, violated });
    return out;
  }
}
