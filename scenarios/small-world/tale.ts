// A trace told action by action: who does what, what leaves, and what the member is afterwards.

import { describe, describeMember } from '../../kernel/raft/testing/trace.ts';
import { DELIVER, type Frame, type Members } from './members.ts';
import type { World } from './world.ts';

export interface Told {
  readonly node: number;
  readonly does: string;
  readonly sends: readonly string[];
  /** What the client is answered. */
  readonly answers: readonly string[];
  readonly is: string;
}

export function tell(world: World, actions: readonly number[]): readonly Told[] {
  const { members } = world;
  let row = world.first();
  return actions.map((action) => {
    const { place, code } = world.actionOf(row, action);
    const step = members.step(row[place] as number, code);
    const after = new Int32Array(world.width);
    world.act(row, action, after);
    row = after;
    return {
      node: place + 1,
      does: deedText(world, code),
      sends: step.frames.map((frame) => `to ${(members.frames[frame] as Frame).to}: ${describe((members.frames[frame] as Frame).message)}`),
      answers: [...step.told.map((winner) => `proposal ${winner} has won`), ...step.reads.map(({ number, winner }) => `read ${number}: ${winner === 0 ? 'nothing is decided' : `proposal ${winner} has won`}`)],
      is: stateText(members, step.next),
    };
  });
}

function deedText(world: World, code: number): string {
  const deed = world.members.deedOf(code);
  switch (deed.kind) {
    case 'idle':
      return 'does nothing';
    case 'stand':
      return world.bounds.preVotes ? 'hears from no leader, and asks for pre-votes' : 'hears from no leader, and stands for election (its pre-votes taken as given)';
    case 'beat':
      return 'reminds its followers';
    case 'crash':
      return 'crashes, and starts again from what is durable';
    case 'propose':
      return `is asked by the client to decide proposal ${deed.number}`;
    case 'read':
      return `is asked by the client what is decided (read ${deed.number})`;
    case 'deliver':
      return `hears from ${deed.from}: ${world.members.isStandIn(code - DELIVER) ? `${deed.message.kind === 'vote' ? 'a request for a vote' : 'an append'} of a term that is over` : describe(deed.message)}`;
  }
}

function stateText(members: Members, state: number): string {
  const { image, sight } = members.states[state] as Members['states'][number];
  const { terms } = sight;
  const shown = describeMember({ raft: { role: image.role, term: image.term, firstIndex: 1, lastIndex: terms.length - 1, commit: image.commit } });
  return `${shown}, terms ${terms.slice(1).join(' ')}`;
}
