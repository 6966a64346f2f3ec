// How a run failed, so that another one can be said to have failed alike: the property, and the shape of what it saw.

import type { Micros } from '../kernel/base/time.ts';
import { signatureOf } from '../properties/signature.ts';
import type { RunResult } from './scenario.ts';

export interface Failure {
  /** Its id; `assertion` if our own code threw. */
  readonly property: string;
  readonly signature: string;
  readonly message: string;
  readonly at: Micros;
}

/** The first first. `judged`: of these properties only. */
export function failuresOf(result: RunResult, judged?: readonly string[]): readonly Failure[] {
  const out: Failure[] = [];
  for (const { id, violation } of result.properties) {
    if (violation === undefined || (judged !== undefined && !judged.includes(id))) continue;
    out.push({ property: id, signature: signatureOf(id, violation), message: violation.message, at: violation.at });
  }
  const { broke } = result;
  if (broke !== undefined) out.push({ property: 'assertion', signature: signatureOf('assertion', { message: broke.message, at: broke.at, nodes: [] }), message: broke.message, at: broke.at });
  return out.toSorted((a, b) => a.at - b.at);
}
