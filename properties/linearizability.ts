// The decide register is linearizable, checked need by need while the run goes on. A need is a register that is written once
// and forgotten at last: unset, then one proposal for ever, then too old. So there are three kinds of observation (empty, a
// proposal, too old) that must follow each other in real time, and the classic search over orders becomes exact rules:
//   all answers with a proposal name the same one;
//   it was proposed by an operation that may have happened, and was invoked before the first such answer;
//   an operation invoked after an answer with a proposal does not find the need empty;
//   an operation invoked after an answer `tooOld` does not find the need empty or decided.
// An operation whose outcome is unknown may have happened at any time since its invocation, or not at all. Forgetting is
// judged for all needs of a group at once, since the low-water mark is one number per group.

import type { Invocation, Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { GroupId, ProposalId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import type { Needs, Sought, Written } from './needs.ts';
import type { Registers } from './registers.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

/** What one operation learned of its need. */
export type Observation =
  | { readonly kind: 'empty' }
  | { readonly kind: 'value'; readonly proposal: ProposalId }
  | { readonly kind: 'tooOld'; readonly lowWater: number }
  /** It may or may not have happened. */
  | { readonly kind: 'unknown' }
  /** It did not happen. */
  | { readonly kind: 'refused' };

/** An operation under way. `proposal` is undefined for a read. */
export interface Call {
  readonly epoch: number;
  /** What is known of its need; undefined if that has retired. */
  row: Written | undefined;
  readonly group: GroupId;
  readonly proposal: ProposalId | undefined;
  /** Place of the invocation among all invocations and responses. */
  readonly begun: number;
  /** The highest low-water mark that anybody had been told when it was invoked. */
  readonly lowWater: number;
}

export const unwritten = (): Written => ({ value: undefined, named: 0, writers: 0, sought: undefined });

/** The rules above, over one history. `end` returns what is wrong, or undefined. */
export class WriteOnce {
  /** By group: the highest low-water mark that an answer has named. */
  private readonly lowWater: number[] = [];
  private place = 0;

  begin(row: Written | undefined, epoch: number, group: GroupId, proposal: ProposalId | undefined): Call {
    const call: Call = { epoch, row, group, proposal, begun: ++this.place, lowWater: this.lowWater[group] ?? 0 };
    if (row === undefined || proposal === undefined || epoch < call.lowWater) return call;
    const known = soughtIn(row, proposal);
    if (known !== undefined) known.count++;
    else row.sought = { next: row.sought, proposal, count: 1 };
    return call;
  }

  end(call: Call, seen: Observation): string | undefined {
    this.place++;
    switch (seen.kind) {
      case 'unknown':
        return undefined;
      case 'refused':
        return this.didNotHappen(call);
      case 'empty':
        return this.empty(call) ?? this.didNotHappen(call);
      case 'tooOld':
        return this.tooOld(call, seen.lowWater) ?? this.didNotHappen(call);
      case 'value':
        return this.value(call, seen.proposal);
    }
  }

  private empty(call: Call): string | undefined {
    if (call.epoch < call.lowWater) return 'a need was found empty after its epoch had been called too old';
    const row = call.row;
    if (row === undefined || row.value === undefined || call.begun < row.named) return undefined;
    return `a need was found empty by an operation that began after an answer had named proposal "${row.value}"`;
  }

  private tooOld(call: Call, lowWater: number): string | undefined {
    if (call.epoch >= lowWater) return `a need of epoch ${call.epoch} was called too old by a low-water mark of ${lowWater}`;
    if (lowWater < call.lowWater) return `the low-water mark went back to ${lowWater}, after an answer had named ${call.lowWater}`;
    if (lowWater > (this.lowWater[call.group] ?? 0)) this.lowWater[call.group] = lowWater;
    return undefined;
  }

  private value(call: Call, proposal: ProposalId): string | undefined {
    if (call.epoch < call.lowWater) return 'a need was answered with a proposal after its epoch had been called too old';
    const row = call.row;
    if (row === undefined) return undefined;
    if (row.value === undefined) {
      row.value = proposal;
      row.named = this.place;
      row.writers = soughtIn(row, proposal)?.count ?? 0;
      if (row.writers === 0) return `proposal "${proposal}" was decided, and nobody had proposed it`;
    } else if (row.value !== proposal) return `one answer names proposal "${row.value}", another names proposal "${proposal}", for the same need`;
    return undefined;
  }

  /** An operation that is known not to have written anything cannot be the one that wrote the value. */
  private didNotHappen(call: Call): string | undefined {
    if (call.proposal === undefined || call.epoch < call.lowWater) return undefined;
    const row = call.row;
    if (row === undefined) return undefined;
    const known = soughtIn(row, call.proposal);
    if (known !== undefined) known.count--;
    if (row.value !== call.proposal || call.begun > row.named || --row.writers > 0) return undefined;
    return `proposal "${call.proposal}" was decided, and every operation that proposed it was told that it had done nothing`;
  }
}

function soughtIn(row: Written, proposal: ProposalId): Sought | undefined {
  let sought = row.sought;
  while (sought !== undefined && sought.proposal !== proposal) sought = sought.next;
  return sought;
}

export function observationOf(operation: Invocation['operation'], answer: Answer): Observation {
  switch (answer.kind) {
    case 'decided':
    case 'lost':
    case 'found':
      return { kind: 'value', proposal: answer.record.proposal.proposal };
    case 'none':
    case 'tooNew':
    case 'full':
      return { kind: 'empty' };
    case 'tooOld':
      return { kind: 'tooOld', lowWater: answer.lowWater };
    case 'refused':
      return { kind: 'refused' };
    case 'unknown':
    case 'advanced':
    case 'ordered':
    case 'published':
    case 'envelopeRefused':
    case 'planned':
      return { kind: operation.kind === 'get' ? 'refused' : 'unknown' };
  }
}

class Linearizability extends Verdicts {
  private readonly history = new WriteOnce();
  /** By slot of the invocation. */
  private readonly open: (Call | undefined)[] = [];
  private readonly registers: Registers;
  private readonly needs: Needs;

  constructor(run: RunView, from: Reconstruction) {
    super('linearizability', run);
    this.registers = from.registers;
    this.needs = from.needs;
  }

  invoked(invocation: Invocation): void {
    const operation = invocation.operation;
    const group = this.registers.groupOf[operation.bucket] as GroupId;
    const need = this.needs.rowFor(invocation);
    const row = need === undefined ? undefined : (need.written ?? (need.written = unwritten()));
    const epoch = need === undefined ? this.needs.epochOf(operation.need) : need.epoch;
    this.open[invocation.slot] = this.history.begin(row, epoch, group, operation.kind === 'decide' ? operation.proposal : undefined);
  }

  returned(invocation: Invocation, answer: Answer, now: Micros): void {
    const call = this.open[invocation.slot];
    if (call === undefined) return;
    this.open[invocation.slot] = undefined;
    // A row that has retired meanwhile knows nothing of proposals that came after that.
    if (this.needs.rowFor(invocation) === undefined) call.row = undefined;
    const seen = observationOf(invocation.operation, answer);
    const wrong = contradiction(invocation, answer) ?? this.history.end(call, seen);
    if (seen.kind === 'empty' || seen.kind === 'value' || seen.kind === 'tooOld') this.checks++;
    if (wrong === undefined) return;
    const { client, number, node, invokedAt, operation } = invocation;
    this.violated(now, [node], wrong, [
      `need ${operation.need}`,
      `client ${client} asked node ${node} at ${invokedAt} us (its request ${number}): ${operation.kind}${operation.kind === 'decide' ? ` of proposal "${operation.proposal}"` : ''}`,
      `answered at ${now} us: ${answer.kind}${'record' in answer ? ` with proposal "${answer.record.proposal.proposal}"` : ''}`,
    ]);
  }
}

/** An answer that does not fit its own question. */
function contradiction(invocation: Invocation, answer: Answer): string | undefined {
  const operation = invocation.operation;
  if (answer.kind === 'decided' || answer.kind === 'lost' || answer.kind === 'found') {
    const proposal = answer.record.proposal;
    if (proposal.need !== operation.need) return 'a client was answered with the record of another need';
    if (answer.kind === 'found') return operation.kind === 'get' ? undefined : 'a decide was answered as if it were a read';
    if (operation.kind !== 'decide') return 'a read was answered as if it were a decide';
    if ((answer.kind === 'decided') !== (proposal.proposal === operation.proposal)) return `a client was told "${answer.kind}" with the wrong proposal`;
  }
  return undefined;
}

export const linearizability: Property = {
  id: 'linearizability',
  claim: 'The decide register is linearizable, need by need',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new Linearizability(run, from)),
};
