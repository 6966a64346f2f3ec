// Answers whose time is over. An answer to a question of a term that its receiver has left, and a vote for a candidate that stands
// no more, are ignored, and terms never go back: nothing ever comes of them, so they need not stay under way. States that differ
// in such frames alone are then one, and they are most of all states.
//
// That is what the kernel should do, and not taken on trust: every state that a member is found in is tried with every answer
// whose time is over in it (members.ts). If one is not ignored, the search begins anew and keeps them all.

import type { GroupMessage } from '../../kernel/raft/message.ts';

/** What of a member says whether an answer comes too late. */
export interface Moment {
  readonly term: number;
  /** It stands for election in its term. Who does not will not do so again in the same term. */
  readonly stands: boolean;
}

export function isPast(message: GroupMessage, moment: Moment): boolean {
  switch (message.kind) {
    case 'appendReply':
      return message.term < moment.term;
    case 'voteReply':
      return message.term < moment.term || (message.term === moment.term && (message.pre || !message.granted || !moment.stands));
    default:
      return false;
  }
}
