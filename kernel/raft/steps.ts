// The way of a group to what was asked of it, one configuration at a time (4.1 to 4.3). Each step is a function of the
// configuration in force and of what the leader sees: so whoever leads next goes on where the last one stopped.
//
// New members come in as learners, and vote once they have caught up. A step that adds or removes one voter needs no joint
// configuration: its majorities and those of before overlap. Any other is joint first, and leaves it in a step of its own.

import type { NodeId } from '../base/ids.ts';
import { configuration, differByOne, holds, isJoint, type Configuration, type Goal, type Seat } from './configuration.ts';

/** What the leader sees of the nodes. */
export interface Sight {
  /** The life that a node is in, as far as it has been heard of. */
  lifeOf(node: NodeId): number;
  /** A member that holds nearly all of the log, and answers. */
  hasCaughtUp(node: NodeId): boolean;
}

/** The next step; undefined if there is nothing to do, or nothing that can be done yet. */
export function nextStep(c: Configuration, sight: Sight): Configuration | undefined {
  if (isJoint(c)) return configuration(c.number + 1, c.voters, [], c.learners, c.goal);
  return withoutTheForgotten(c, sight) ?? withLearners(c, sight) ?? withVoters(c, sight);
}

/** Is there anything left to do? Cheap, for it is asked at every tick. */
export function isSettled(c: Configuration, lifeOf: (node: NodeId) => number): boolean {
  const { voters, outgoing, learners, goal } = c;
  if (outgoing.length > 0 || voters.length !== goal.voters.length || learners.length !== goal.learners.length) return false;
  for (let k = 0; k < voters.length; k++) if ((voters[k] as Seat).node !== goal.voters[k] || lifeOf((voters[k] as Seat).node) > (voters[k] as Seat).life) return false;
  for (let k = 0; k < learners.length; k++) if ((learners[k] as Seat).node !== goal.learners[k] || lifeOf((learners[k] as Seat).node) > (learners[k] as Seat).life) return false;
  return true;
}

export function asked(c: Configuration, goal: Goal): Configuration {
  return configuration(c.number + 1, c.voters, [], c.learners, goal);
}

export const sameGoal = (a: Goal, b: Goal): boolean => sameNodes(a.voters, b.voters) && sameNodes(a.learners, b.learners);

const sameNodes = (a: readonly NodeId[], b: readonly NodeId[]): boolean => a.length === b.length && a.every((node, place) => node === b[place]);

/** A voter whose life is over keeps no promise any more: its seat goes at once, one at a time, and the last one never. */
function withoutTheForgotten(c: Configuration, sight: Sight): Configuration | undefined {
  if (c.voters.length === 1) return undefined;
  const gone = c.voters.find((seat) => sight.lifeOf(seat.node) > seat.life);
  return gone === undefined ? undefined : configuration(c.number + 1, c.voters.filter((seat) => seat !== gone), [], c.learners, c.goal);
}

/** Learners count for nothing, so all that are missing come, and all that are not wanted go, in one step. */
function withLearners(c: Configuration, sight: Sight): Configuration | undefined {
  const wanted = [...c.goal.voters.filter((node) => !holds(c.voters, node)), ...c.goal.learners.filter((node) => !holds(c.voters, node))].sort((a, b) => a - b);
  const learners = wanted.map((node): Seat => {
    const seat = c.learners.find((one) => one.node === node);
    const life = sight.lifeOf(node);
    return seat !== undefined && seat.life >= life ? seat : { node, life };
  });
  const same = learners.length === c.learners.length && learners.every((seat, place) => seat === c.learners[place]);
  return same ? undefined : configuration(c.number + 1, c.voters, [], learners, c.goal);
}

/** If nobody has to go, whoever has caught up gets its vote; otherwise all come and go together. */
function withVoters(c: Configuration, sight: Sight): Configuration | undefined {
  const { voters, learners, goal } = c;
  const ready = learners.filter((seat) => goal.voters.includes(seat.node) && sight.hasCaughtUp(seat.node));
  const staying = voters.filter((seat) => goal.voters.includes(seat.node));
  const next = [...staying, ...ready].sort((a, b) => a.node - b.node);
  const onlyComes = staying.length === voters.length;
  if (onlyComes ? ready.length === 0 : next.length < goal.voters.length) return undefined;
  const left = learners.filter((seat) => !ready.includes(seat));
  return configuration(c.number + 1, next, differByOne(voters, next) ? [] : voters, left, goal);
}
