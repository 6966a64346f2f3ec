// Membership changes (Ongaro, chapter 4), from the wire: a leader changes the configuration one step at a time, none before the
// last is committed, none before an entry of its own term is; majorities of two configurations in a row overlap, or both count;
// nobody gets a vote who lacks the log; and a configuration is in force at every member that says it holds it.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import { founding, type Configuration } from '../kernel/raft/configuration.ts';
import type { Damage } from './damage.ts';
import type { Ledger, LedgerReader } from './ledger.ts';
import { describeConfiguration, type InForce, type Memberships, type MembershipsReader } from './memberships.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { hasSeat, overlap, sameSeats } from './seating.ts';
import { Verdicts } from './verdict.ts';

/** A learner that lacks more entries than this must not get a vote. */
const NEARLY_ALL = 64;
/** Changes remembered per group. */
const REMEMBERED = 256;

interface Change {
  readonly index: number;
  readonly term: number;
  readonly configuration: Configuration;
}

class Configurations extends Verdicts implements LedgerReader, MembershipsReader {
  private readonly ledger: Ledger;
  private readonly memberships: Memberships;
  private readonly damage: Damage;
  /** By group: what was seen in leaders' logs, or announced; the founding one first. */
  private readonly changes: Change[][] = [];

  constructor(run: RunView, from: Reconstruction) {
    super('configurations', run);
    this.ledger = from.ledger;
    this.memberships = from.memberships;
    this.damage = from.damage;
    for (const group of run.parameters.groups) this.changes[group.id] = [{ index: 0, term: 0, configuration: founding(group.voters) }];
    this.ledger.read(this);
    this.memberships.read(this);
  }

  proposed(frame: Frame, group: GroupId, index: number, term: number, entry: Configuration, ripe: boolean, now: Micros): void {
    this.checks++;
    const what = `node ${frame.from} changes the members of group ${group} at index ${index}`;
    if (!ripe) return this.violated(now, [frame.from], `${what} before an entry of its own term ${term} is committed`, [describeConfiguration(entry)], frame.sequence);
    const befores = (this.changes[group] as Change[]).filter((change) => change.configuration.number === entry.number - 1 && change.index < index);
    this.remember(group, { index, term, configuration: entry }, frame.from, now);
    if (befores.length === 0) return;
    const done = befores.filter((change) => this.isCommitted(group, change));
    if (done.length === 0) return this.violated(now, [frame.from], `${what} while another change is not committed`, [describeConfiguration(entry)], frame.sequence);
    // One of the same number that was cut off may still be remembered, where nobody knows the terms of the log any more.
    const before = done.find((change) => fault(change.configuration, entry) === undefined) ?? (done[0] as Change);
    const why = fault(before.configuration, entry) ?? this.unfit(group, index, before.configuration, entry);
    if (why !== undefined) this.violated(now, [frame.from], `${what}: ${why}`, [`before: ${describeConfiguration(before.configuration)}`, `then: ${describeConfiguration(entry)}`], frame.sequence);
  }

  private isCommitted(group: GroupId, change: Change): boolean {
    const log = this.ledger.group(group);
    if (log === undefined || change.index > log.committed) return change.index === 0;
    const term = log.committedTerm(change.index);
    return term < 0 || term === change.term;
  }

  /** A learner gets its vote when it has nearly all of the log. What it has acknowledged is at least what its leader knows. */
  private unfit(group: GroupId, index: number, before: Configuration, entry: Configuration): string | undefined {
    const log = this.ledger.group(group);
    for (const { node, life } of entry.voters) {
      if (log === undefined || hasSeat(before.voters, node, life) || hasSeat(before.outgoing, node, life)) continue;
      const held = log.heldBy(node, life);
      if (held + NEARLY_ALL + 1 < index) return `node ${node} gets a vote, and holds the log up to ${held} only`;
    }
    return undefined;
  }

  acknowledges(frame: Frame, group: GroupId, match: number, standing: InForce, now: Micros): void {
    const node = frame.from;
    if (match < standing.index || this.damage.isSuspect(node)) return;
    this.checks++;
    const announced = this.memberships.inForce(node, group);
    // A member that got it in a snapshot announces it for the snapshot's place.
    if (announced === undefined || announced.index >= standing.index || announced.seating.configuration.hash === standing.seating.configuration.hash) return;
    this.violated(now, [node], `node ${node} acknowledges the log of group ${group} up to ${match}, and goes by the configuration of index ${announced.index} instead of ${standing.index}`, [
      describeConfiguration(standing.seating.configuration),
    ], frame.sequence);
  }

  configured(node: NodeId, group: GroupId, standing: InForce, now: Micros): void {
    if (standing.index > 0) this.remember(group, { index: standing.index, term: standing.term, configuration: standing.seating.configuration }, node, now);
  }

  /** One place of a log holds one configuration. (A snapshot's stands at an index of its own.) */
  private remember(group: GroupId, change: Change, node: NodeId, now: Micros): void {
    const changes = this.changes[group] as Change[];
    const known = changes.find(({ index, term }) => index === change.index && term === change.term);
    if (known === undefined) {
      changes.push(change);
      if (changes.length > REMEMBERED) changes.splice(1, 1);
    } else if (known.configuration.hash !== change.configuration.hash) {
      this.violated(now, [node], `two configurations stand at index ${change.index}, term ${change.term} of group ${group}`, [describeConfiguration(known.configuration), describeConfiguration(change.configuration)]);
    }
  }
}

/** Why two majorities, one of each, might be apart; undefined if they cannot. */
function fault(before: Configuration, entry: Configuration): string | undefined {
  if (before.outgoing.length > 0) {
    if (entry.outgoing.length === 0 && sameSeats(before.voters, entry.voters)) return undefined;
    return 'from a joint configuration a group can only go on to its own voters';
  }
  if (entry.outgoing.length > 0) return sameSeats(before.voters, entry.outgoing) ? undefined : 'a joint configuration counts other voters than those of before';
  return overlap(before.voters, entry.voters) ? undefined : 'a majority of the one might not meet one of the other';
}

export const configurations: Property = {
  id: 'configurations',
  claim: 'Groups change their members one safe step at a time, and a change is in force at whoever holds it',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new Configurations(run, from)),
};
