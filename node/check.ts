// `lockstep check`: is somebody's history linearizable? It reads a file and changes nothing.

import { checkHistory, type Checked, type Judged } from '../properties/history/check.ts';
import type { Model } from '../properties/history/machine.ts';
import { MODELS } from '../properties/history/models.ts';
import { NEVER, type Operation } from '../properties/history/operation.ts';
import type { Limits } from '../properties/history/search.ts';
import { textOf } from '../properties/history/value-text.ts';
import { smallestWindow } from '../properties/history/window.ts';
import { renderCheck, type CheckedOperation, type CheckReport, type Counterexample } from '../reports/check-report.ts';
import { paintFor } from '../reports/paint.ts';
import { duration } from '../reports/quantities.ts';
import { readCount, readDuration, readWord } from './arguments.ts';
import { Complaint, EXIT } from './complaint.ts';
import { READING, readHistory } from './history/read-history.ts';

export interface CheckFlags {
  readonly model?: string;
  readonly for?: string;
  readonly memory?: string;
  readonly json?: boolean;
}

export interface CheckBounds {
  /** For the verdict; the window that is shown gets as much again at most. */
  readonly forUs: number;
  readonly memoryMb: number;
}

export const DEFAULTS = { for: '20s', memory: '512' } as const;
/** How much of the time the search for a smaller window may take. */
const WINDOW_SHARE = 0.25;

export function check(path: string, flags: CheckFlags): number {
  const names = MODELS.map((model) => model.name);
  if (flags.model === undefined) throw new Complaint(`expected --model with one of: ${names.join(', ')}`);
  const name = readWord(flags.model, 'model', names);
  const bounds = { forUs: readDuration(flags.for ?? DEFAULTS.for), memoryMb: readCount(flags.memory ?? DEFAULTS.memory, '--memory', 1, 65_536) };
  const report = checkFile(path, MODELS.find((model) => model.name === name) as Model, bounds);
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${renderCheck(report, paintFor(process.stdout.isTTY, process.env))}\n`);
  return report.verdict === 'not-linearizable' ? EXIT.violated : report.verdict === 'unknown' ? EXIT.notLive : EXIT.held;
}

export function checkFile(path: string, model: Model, { forUs, memoryMb }: CheckBounds): CheckReport {
  const started = performance.now();
  const { called, operations } = readHistory(path, model);
  const base = { model: model.name, operations: called };
  const wallMs = (): number => Math.round((performance.now() - started) * 1_000) / 1_000;
  if (operations === undefined) {
    return { verdict: 'unknown', ...base, keys: 0, steps: 0, wallMs: wallMs(), why: `it has more than ${READING.operations} operations or ${READING.characters} characters, and those are not kept in memory` };
  }
  const limits = (ms: number): Limits => {
    const until = performance.now() + ms;
    return { steps: Number.MAX_SAFE_INTEGER, bytes: memoryMb * 1_000_000, goOn: () => performance.now() < until };
  };
  const checked = checkHistory(model, operations, limits(forUs / 1_000));
  const counterexample = checked.verdict === 'not-linearizable' ? counterexampleOf(model, checked, limits((forUs / 1_000) * WINDOW_SHARE)) : undefined;
  return {
    verdict: checked.verdict, ...base, keys: checked.keys, steps: checked.steps, wallMs: wallMs(),
    ...(checked.verdict === 'unknown' ? { why: reason(checked, forUs, memoryMb) } : {}),
    ...(counterexample === undefined ? {} : { counterexample }),
  };
}

function reason({ why, key = '', operations = [] }: Checked, forUs: number, memoryMb: number): string {
  const of = `the ${operations.length} operations of ${key === '' ? 'its one key' : `key ${key.length > 60 ? `${key.slice(0, 60)}...` : key}`}`;
  return why === 'memory' ? `${memoryMb} MB are not enough for ${of} (--memory allows more)` : `${duration(forUs)} are not enough for ${of} (--for allows more)`;
}

function counterexampleOf(model: Model, { key = '', operations = [], judged }: Checked, limits: Limits): Counterexample {
  const window = smallestWindow(model, operations, limits, judged as Judged);
  const shown = window.operations.toSorted((a, b) => a.calledAt - b.calledAt).map(shownOf);
  const lines = shown.flatMap(({ called, returned }) => (returned === null ? [called] : [called, returned]));
  const range = lines.reduce(({ from, to }, line) => ({ from: Math.min(from, line), to: Math.max(to, line) }), { from: Infinity, to: 0 });
  return { key, from: window.from, lines: range, operations: shown, leftOut: window.leftOut };
}

function shownOf({ process, f, argument, result, tooOld, calledLine, returnedAt, returnedLine }: Operation): CheckedOperation {
  const known = returnedAt !== NEVER;
  return { process, f, argument: textOf(argument), result: !known || result === undefined ? null : tooOld ? 'too old' : textOf(result), called: calledLine, returned: known ? returnedLine : null };
}
