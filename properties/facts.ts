// What a kernel announces is cross-checked with what crossed a port: a leader it announces was elected by votes on the wire,
// a decide it announces stands in the committed log, at that index, with that record. Nothing is forged, and nothing is left
// out: a leader that speaks has announced itself, and a node that announces decides announces each of them.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Fact } from '../kernel/fact.ts';
import type { Damage } from './damage.ts';
import type { ElectionReader, Elections } from './elections.ts';
import type { Ledger } from './ledger.ts';
import type { Register, Registers } from './registers.ts';
import type { Append } from '../kernel/raft/message.ts';
import type { WireReader } from './wire.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

/** A leader was seen on the wire; by its next append, it has announced itself. */
interface Owed {
  readonly group: GroupId;
  readonly term: number;
  readonly sequence: number;
}

class Facts extends Verdicts implements ElectionReader, WireReader {
  private readonly ledger: Ledger;
  private readonly elections: Elections;
  private readonly registers: Registers;
  private readonly damage: Damage;
  /** By node: announcements of leadership that are due, and (by group) the latest term announced. */
  private readonly owed: (Owed | undefined)[] = [];
  private readonly announced: number[][];
  /** By node and group: how many records had been made up to the last decide that it announced; -1: any may come next. */
  private readonly upTo: number[][];
  private readonly decides: number[] = [];

  constructor(run: RunView, from: Reconstruction) {
    super('facts', run);
    this.ledger = from.ledger;
    this.elections = from.elections;
    this.elections.read(this);
    from.wire.read(this);
    this.registers = from.registers;
    this.damage = from.damage;
    this.announced = Array.from({ length: run.parameters.nodes + 1 }, () => []);
    this.upTo = Array.from({ length: run.parameters.nodes + 1 }, () => []);
  }

  crashed(node: NodeId): void {
    this.forget(node);
  }

  stopped(node: NodeId): void {
    this.forget(node);
  }

  restarted(node: NodeId): void {
    this.forget(node);
  }

  /** Facts that a process had not announced when it ended are never announced. */
  private forget(node: NodeId): void {
    this.owed[node] = undefined;
    (this.upTo[node] as number[]).fill(-1);
  }

  appended(frame: Frame, _message: Append, now: Micros): void {
    const owed = this.owed[frame.from];
    if (owed === undefined || frame.sequence <= owed.sequence) return;
    this.owed[frame.from] = undefined;
    if (((this.announced[frame.from] as number[])[owed.group] ?? 0) >= owed.term) return;
    this.violated(now, [frame.from], `node ${frame.from} leads term ${owed.term} of group ${owed.group} and has not announced it`, [], owed.sequence);
  }

  led(frame: Frame, group: GroupId, term: number): void {
    if (!this.damage.isSuspect(frame.from)) this.owed[frame.from] = { group, term, sequence: frame.sequence };
  }

  fact(node: NodeId, fact: Fact, _at: Micros, now: Micros): void {
    if (this.damage.isSuspect(node)) return;
    switch (fact.kind) {
      case 'decided':
        return this.decided(node, fact, now);
      case 'becameLeader':
        return this.becameLeader(node, fact, now);
      case 'epochAdvanced':
        return this.advanced(node, fact, now);
      case 'snapshotInstalled':
        return this.installed(node, fact, now);
      default:
        return;
    }
  }

  private becameLeader(node: NodeId, fact: FactOf<'becameLeader'>, now: Micros): void {
    (this.announced[node] as number[])[fact.group] = fact.term;
    const poll = this.elections.pollOf(fact.group, fact.term, node);
    if (poll === undefined) return;
    const { votes, quorum, won } = poll;
    this.checks++;
    if (!won) this.violated(now, [node], `node ${node} announces that it leads term ${fact.term} of group ${fact.group}, and got ${votes} votes of the ${quorum} that it takes`);
  }

  private decided(node: NodeId, fact: FactOf<'decided'>, now: Micros): void {
    this.decides[fact.group] = (this.decides[fact.group] ?? 0) + 1;
    const log = this.ledger.group(fact.group);
    const register = this.registers.groups[fact.group];
    if (log === undefined || register === undefined || !log.sound) return;
    if (fact.index > log.committed) {
      return this.violated(now, [node], `node ${node} announces a decide at index ${fact.index} of group ${fact.group}; a quorum acknowledged up to ${log.committed} only`);
    }
    if (!register.remembers(fact.index)) return;
    this.checks++;
    const record = register.madeAt(fact.index);
    if (record === undefined || record.proposal.need !== fact.need || record.proposal.proposal !== fact.proposal || record.lamport !== fact.lamport) {
      const known = record === undefined ? 'no record' : `proposal "${record.proposal.proposal}" for ${record.proposal.need} at lamport ${record.lamport}`;
      return this.violated(now, [node], `node ${node} announces a decide at index ${fact.index} of group ${fact.group} that the committed log does not hold`, [
        `announced: proposal "${fact.proposal}" for ${fact.need} at lamport ${fact.lamport}`,
        `committed: ${known}`,
      ]);
    }
    this.inOrder(node, fact, register, now);
  }

  private inOrder(node: NodeId, fact: FactOf<'decided'>, register: Register, now: Micros): void {
    const upTo = this.upTo[node] as number[];
    const last = upTo[fact.group] ?? -1;
    const place = register.madeUpTo(fact.index);
    upTo[fact.group] = place;
    if (last >= 0 && place !== last + 1) {
      this.violated(now, [node], `node ${node} announced record ${last} of group ${fact.group} and then record ${place}: ${place > last ? 'some were left out' : 'one was announced again'}`);
    }
  }

  private advanced(node: NodeId, fact: FactOf<'epochAdvanced'>, now: Micros): void {
    const epoch = this.registers.groups[fact.group]?.model.epoch;
    if (epoch === undefined || this.ledger.group(fact.group)?.sound !== true) return;
    this.checks++;
    if (fact.epoch > epoch) this.violated(now, [node], `node ${node} announces epoch ${fact.epoch} of group ${fact.group}; the committed log is in epoch ${epoch}`);
  }

  private installed(node: NodeId, fact: FactOf<'snapshotInstalled'>, now: Micros): void {
    (this.upTo[node] as number[])[fact.group] = -1;
    const log = this.ledger.group(fact.group);
    if (log === undefined || !log.sound) return;
    const term = log.committedTerm(fact.index);
    this.checks++;
    if (fact.index > log.committed || (term >= 0 && term !== fact.term)) {
      this.violated(now, [node], `node ${node} announces that it installed a snapshot at index ${fact.index}, term ${fact.term} of group ${fact.group}, which is not what is committed there`);
    }
  }

  finished(): void {
    for (let group = 0; group < this.registers.groups.length; group++) {
      const made = this.registers.groups[group]?.made ?? 0;
      if (made > 0 && (this.decides[group] ?? 0) === 0) this.violated(0, [], `group ${group} made ${made} records, and no node announced a decide`);
    }
  }
}

export const facts: Property = {
  id: 'facts',
  claim: 'What a kernel announces agrees with what crossed a port: nothing forged, nothing left out',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new Facts(run, from)),
};
