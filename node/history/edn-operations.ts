// Operations in EDN: `{:process 0, :type :invoke, :f :put, :key "x", :value "y"}`, one after another or in one vector.

import type { Value } from '../../properties/history/operation.ts';
import { EdnReader, type EdnMap } from './edn.ts';
import { eventOf, LineFault, quoted, type Fields, type FormatReader, type HistoryEvent } from './history-event.ts';

const FIELDS: Readonly<Record<string, keyof Fields>> = { ':process': 'process', ':type': 'type', ':f': 'f', ':key': 'key', ':value': 'value', ':too-old': 'tooOld' };

export class EdnOperations implements FormatReader {
  private readonly reader: EdnReader;
  private last = 0;

  constructor(told: (event: HistoryEvent) => void) {
    this.reader = new EdnReader((value, line) => told(operationOf(value, line)), true);
  }

  line(text: string, number: number): void {
    this.last = number;
    this.reader.line(text, number);
  }

  end(): void {
    this.reader.end(this.last);
  }
}

function operationOf(value: Value | EdnMap, line: number): HistoryEvent {
  if (typeof value === 'string' || !('pairs' in value)) throw new LineFault(line, `expected an operation such as {:process 0, :type :invoke, :f :read, :value nil}, found ${typeof value === 'string' ? quoted(value) : 'a list'}`);
  const fields: { -readonly [K in keyof Fields]: Fields[K] } = {};
  for (let place = 0; place < value.pairs.length; place += 2) {
    const name: Value | undefined = value.pairs[place];
    const field = value.pairs[place + 1];
    const known = typeof name === 'string' && Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (known === undefined) continue;
    if (fields[known] !== undefined) throw new LineFault(line, `the operation says ${name as string} twice`);
    fields[known] = field;
  }
  return eventOf(fields, line);
}
