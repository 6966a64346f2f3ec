// Writes down what clients asked and were told, as JSON lines that `lockstep check FILE --model decide` reads.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Evidence, Invocation } from '../../io/sim/evidence.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { Answer } from '../../kernel/effect.ts';
import { observationOf } from '../../properties/linearizability.ts';

export const HISTORY_FILE = 'history.jsonl';

/** A place among the operations under way is the process: no two of them share one at a time. */
export class HistoryRecord implements Evidence {
  private readonly lines: string[] = [];

  invoked({ slot, client, number, node, operation, invokedAt }: Invocation): void {
    const value = operation.kind === 'decide' ? operation.proposal : null;
    this.lines.push(JSON.stringify({ process: slot, type: 'invoke', f: operation.kind, key: operation.need, value, at: invokedAt, client, number, node }));
  }

  returned({ slot, operation }: Invocation, answer: Answer, now: Micros): void {
    const seen = observationOf(operation, answer);
    const type = seen.kind === 'unknown' ? 'info' : seen.kind === 'refused' ? 'fail' : 'ok';
    const value = seen.kind === 'value' ? seen.proposal : null;
    this.lines.push(JSON.stringify({ process: slot, type, f: operation.kind, key: operation.need, value, ...(seen.kind === 'tooOld' ? { tooOld: true } : {}), at: now, answer: answer.kind }));
  }

  save(folder: string): void {
    writeFileSync(join(folder, HISTORY_FILE), this.lines.map((line) => `${line}\n`).join(''));
  }
}
