// Calls and returns of the same process belong together. What never returned, or returned without anybody knowing how, may have
// happened at any time since, or never; what failed did not happen.

import type { Model } from '../../properties/history/machine.ts';
import { NEVER, type Operation, type Value } from '../../properties/history/operation.ts';
import { contentOf, textOf } from '../../properties/history/value-text.ts';
import { nearest } from '../nearest.ts';
import { LineFault, quoted, type HistoryEvent } from './history-event.ts';

type Writable = { -readonly [K in keyof Operation]: Operation[K] };

interface Client {
  open: Writable | undefined;
  /** Where its last operation was called and returned. */
  calledLine: number;
  returnedLine: number;
}

export class Pairing {
  /** Calls so far, also of operations that failed. */
  calls = 0;
  private readonly model: Model;
  private readonly others: readonly Model[];
  private readonly clients: Map<number, Client> = new Map();
  private readonly failed: Set<Operation> = new Set();
  private readonly all: Writable[] = [];
  private place = 0;
  /** A process returned that had called nothing: whether it calls later decides what is said of it. */
  private stranger: { readonly process: number; readonly line: number } | undefined;

  constructor(model: Model, others: readonly Model[]) {
    this.model = model;
    this.others = others;
  }

  take(event: HistoryEvent): void {
    const { process, type, line } = event;
    if (typeof process === 'string') {
      // The nemesis says what it does, and is no client.
      if (type === 'info') return;
      throw new LineFault(line, `unknown process ${quoted(contentOf(process) as string)}: expected the number of a client`);
    }
    if (this.stranger !== undefined) {
      if (type === 'invoke' && process === this.stranger.process) throw new LineFault(this.stranger.line, `process ${process} returns here, before its call on line ${line}`);
      return;
    }
    if (type === 'invoke') this.call(process, event);
    else this.return(process, event);
  }

  /** Everything that may have happened. */
  operations(): Operation[] {
    if (this.stranger !== undefined) throw new LineFault(this.stranger.line, `unknown process ${this.stranger.process}: it returns here, and calls nothing anywhere`);
    return this.all.filter((operation) => !this.failed.has(operation));
  }

  private call(process: number, event: HistoryEvent): void {
    const { line, f } = event;
    this.knows(f, line);
    const client = this.clients.get(process);
    if (client?.open !== undefined) throw new LineFault(line, `process ${process} calls again, before its call on line ${client.calledLine} has returned`);
    const { key, value } = this.keyed(event);
    const fault = this.model.faultOfCall(f, value);
    if (fault !== undefined) throw new LineFault(line, fault);
    const operation: Writable = {
      process, f, key: key === undefined ? '' : textOf(key), argument: value, result: undefined, tooOld: false,
      calledAt: this.place++, returnedAt: NEVER, calledLine: line, returnedLine: 0,
    };
    this.calls++;
    this.all.push(operation);
    if (client === undefined) this.clients.set(process, { open: operation, calledLine: line, returnedLine: 0 });
    else Object.assign(client, { open: operation, calledLine: line, returnedLine: 0 });
  }

  private return(process: number, event: HistoryEvent): void {
    const { type, line, f } = event;
    const client = this.clients.get(process);
    if (client === undefined) {
      this.stranger = { process, line };
      return;
    }
    const operation = client.open;
    if (operation === undefined) throw new LineFault(line, `process ${process} returns twice: its call on line ${client.calledLine} has returned on line ${client.returnedLine}`);
    if (f !== operation.f) throw new LineFault(line, `process ${process} returns from "${f}", and called "${operation.f}" on line ${client.calledLine}`);
    client.open = undefined;
    client.returnedLine = line;
    if (type === 'fail') this.failed.add(operation);
    if (type !== 'ok') return;
    const { key, value } = this.keyed(event);
    if (key !== undefined && textOf(key) !== operation.key) throw new LineFault(line, `process ${process} returns for key ${textOf(key)}, and called for key ${operation.key || 'none'} on line ${client.calledLine}`);
    const fault = this.model.faultOfReturn(f, operation.argument, value, event.tooOld);
    if (fault !== undefined) throw new LineFault(line, fault);
    Object.assign(operation, { result: value, tooOld: event.tooOld, returnedAt: this.place++, returnedLine: line });
  }

  private knows(f: string, line: number): void {
    if (this.model.functions.includes(f)) return;
    const other = this.others.find((model) => model.functions.includes(f));
    const advice = other === undefined ? `did you mean "${nearest(f, this.model.functions)}"?` : `did you mean --model ${other.name}?`;
    throw new LineFault(line, `the model ${this.model.name} knows ${this.model.functions.join(', ')}, not ${quoted(f)}: ${advice}`);
  }

  /** Some write key and value as a pair. Without any key there is one register. */
  private keyed({ key, value }: HistoryEvent): { readonly key: Value | undefined; readonly value: Value } {
    if (key !== undefined || !this.model.keyed) return { key, value };
    if (typeof value !== 'string' && value.length === 2) return { key: value[0], value: value[1] as Value };
    return { key, value };
  }
}
