// Our own format: one JSON object on each line, `{"process":0,"type":"invoke","f":"put","key":"x","value":"y"}`. Other fields
// say more to people and are passed over.

import type { Value } from '../../properties/history/operation.ts';
import { eventOf, LineFault, quoted, type FormatReader, type HistoryEvent } from './history-event.ts';
import { numberText } from './scalar.ts';

const DEEPEST = 64;

/** A number with all its digits. */
class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export class JsonLines implements FormatReader {
  private readonly told: (event: HistoryEvent) => void;

  constructor(told: (event: HistoryEvent) => void) {
    this.told = told;
  }

  line(text: string, number: number): void {
    if (text.trim() === '') return;
    const record = parsed(text, number);
    if (record === null || typeof record !== 'object' || Array.isArray(record)) throw new LineFault(number, `expected a JSON object such as {"process":0,"type":"invoke","f":"read","value":null}, found ${quoted(text)}`);
    const field = (name: string): Value | undefined => (Object.hasOwn(record, name) ? valueOf((record as Record<string, unknown>)[name], number, 0) : undefined);
    this.told(eventOf({ process: field('process'), type: field('type'), f: field('f'), key: field('key'), value: field('value'), tooOld: field('tooOld') }, number));
  }

  end(): void {}
}

function parsed(text: string, line: number): unknown {
  try {
    return JSON.parse(text, function (this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
      return typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value;
    } as (key: string, value: unknown) => unknown);
  } catch (error) {
    // Too many brackets within each other is a RangeError, anything else a SyntaxError.
    throw new LineFault(line, error instanceof SyntaxError ? `expected a JSON object on one line, found ${quoted(text)}` : `expected at most ${DEEPEST} brackets within each other`);
  }
}

function valueOf(value: unknown, line: number, depth: number): Value {
  if (depth > DEEPEST) throw new LineFault(line, `expected at most ${DEEPEST} brackets within each other`);
  if (value === null) return 'nil';
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Digits) return numberText(value.text) ?? value.text;
  if (Array.isArray(value)) return value.map((item) => valueOf(item, line, depth + 1));
  if (typeof value === 'object') throw new LineFault(line, 'expected a value, a list or null, found an object');
  return String(value);
}
