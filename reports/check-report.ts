// What the check of a history came to: the document that `check --json` prints, and its rendering. A window without an order is
// drawn in time: an operation is a row, and lies between its call and its return.

import type { Paint } from './paint.ts';
import { duration, grouped, plural } from './quantities.ts';

export interface CheckedOperation {
  readonly process: number;
  readonly f: string;
  /** As text in EDN notation. */
  readonly argument: string;
  /** Null: nobody knows whether it happened. */
  readonly result: string | null;
  /** Lines of the history; null if it never returned, or not within the window. */
  readonly called: number;
  readonly returned: number | null;
}

export interface Counterexample {
  readonly key: string;
  /** Whether the register is in its initial state before the window, or could be in any. */
  readonly from: 'initial' | 'anything';
  readonly lines: { readonly from: number; readonly to: number };
  /** In order of their calls. */
  readonly operations: readonly CheckedOperation[];
  /** Operations of the same key without which there is no order either. */
  readonly leftOut: number;
}

export interface CheckReport {
  readonly verdict: 'linearizable' | 'not-linearizable' | 'unknown';
  readonly model: string;
  readonly operations: number;
  readonly keys: number;
  readonly steps: number;
  readonly wallMs: number;
  /** Which bound was reached, in words, if the verdict is `unknown`. */
  readonly why?: string;
  readonly counterexample?: Counterexample;
}

const WIDEST = 64;
const MOST_ROWS = 60;
const LONGEST_TEXT = 56;

export function renderCheck(report: CheckReport, paint: Paint): string {
  const { verdict, model, counterexample } = report;
  const what = `${plural(report.operations, 'operation')} of ${plural(report.keys, 'key')}, model ${model}, in ${duration(Math.round(report.wallMs * 1_000))}`;
  if (verdict === 'linearizable') return `${paint.green('linearizable')}  ${what}`;
  if (verdict === 'unknown') return `${paint.yellow('unknown')}  ${what}: ${report.why}`;
  return [...(counterexample === undefined ? [] : [...drawn(counterexample, paint), '']), `${paint.red(paint.bold('NOT LINEARIZABLE'))}  ${what}`].join('\n');
}

function drawn(example: Counterexample, paint: Paint): string[] {
  const { operations, lines } = example;
  const key = example.key === '' ? '' : ` of key ${cut(example.key)}`;
  const begin = example.from === 'initial' ? 'from the initial state' : 'whatever the state before';
  const shown = operations.slice(-MOST_ROWS);
  const columns = columnsOf(shown);
  const rows = shown.map((operation) => row(operation, columns, paint));
  const processes = Math.max(...shown.map(({ process }) => String(process).length));
  return [
    paint.bold(`The smallest window that has no order: ${plural(operations.length, 'operation')}${key} on lines ${lines.from} to ${lines.to}, ${begin}`),
    paint.dim(`(${grouped(example.leftOut)} more of this key make no difference; time goes from left to right)`),
    '',
    ...(shown.length < operations.length ? [paint.dim(`  ${grouped(operations.length - shown.length)} before, and then`)] : []),
    ...shown.map(({ process }, i) => `  ${paint.dim('process')} ${String(process).padStart(processes)}  ${rows[i]}`),
    '',
    `${saysNo(operations)}`,
  ];
}

/** By line of the history: the column at which its event is drawn. */
function columnsOf(operations: readonly CheckedOperation[]): (line: number) => number {
  const moments = [...new Set(operations.flatMap(({ called, returned }) => (returned === null ? [called] : [called, returned])))].toSorted((a, b) => a - b);
  const places = new Map(moments.map((line, place) => [line, place]));
  const step = Math.min(4, (WIDEST - 2) / Math.max(1, moments.length - 1));
  return (line) => Math.floor((places.get(line) ?? 0) * step);
}

function row(operation: CheckedOperation, columnOf: (line: number) => number, paint: Paint): string {
  const { f, argument, result, called, returned } = operation;
  const from = Math.min(columnOf(called), WIDEST - 1);
  const to = returned === null ? WIDEST : Math.max(from + 1, columnOf(returned));
  const bar = returned === null ? `|${'-'.repeat(WIDEST - from - 1)}?` : `|${'-'.repeat(to - from - 1)}|`;
  const where = paint.dim(returned === null ? `line ${called}, outcome unknown` : `lines ${called}-${returned}`);
  const said = saying(f, argument, result);
  return `${' '.repeat(from)}${returned === null ? paint.yellow(bar) : paint.cyan(bar)}${' '.repeat(WIDEST - Math.max(to, from + 1))}  ${said.padEnd(28)} ${where}`;
}

function saying(f: string, argument: string, result: string | null): string {
  const asked = argument === 'nil' ? f : `${f} ${cut(argument)}`;
  return result === null || (argument !== 'nil' && result === argument) ? asked : `${asked} -> ${cut(result)}`;
}

/** The end of a long text says more than its beginning: strings grow there. */
function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `...${text.slice(-LONGEST_TEXT + 3)}`;
}

function saysNo(operations: readonly CheckedOperation[]): string {
  const unknown = operations.filter(({ returned }) => returned === null).length;
  const may = unknown === 0 ? '' : unknown === 1 ? ', with or without the one of unknown outcome' : `, with or without those ${unknown} of unknown outcome`;
  const last = operations.filter(({ returned }) => returned !== null).reduce<CheckedOperation | undefined>((latest, operation) => (latest === undefined || (operation.returned as number) > (latest.returned as number) ? operation : latest), undefined);
  if (last === undefined) return '';
  return `No order of these${may} that keeps real time explains what process ${last.process} was told on line ${last.returned}: ${saying(last.f, last.argument, last.result)}.`;
}
