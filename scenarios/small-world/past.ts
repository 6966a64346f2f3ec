// Frames whose time is over.
//
// An answer to a question of a term that its receiver has left, and a vote for a candidate that stands no more, are ignored, and
// terms never go back: nothing ever comes of them, so they need not stay under way. What a member says to a request of a term
// that it has left is the same whatever the request held: all of one kind from one member are one frame, which may arrive again
// and again. States that differ in such frames alone are then one, and they are most of all states.
//
// That is what the kernel should do, and not taken on trust: every state that a member is found in is tried with every frame
// whose time is over in it (members.ts). If one is heeded, the search begins anew and keeps them all.

import { append, voteRequest, type GroupMessage } from '../../kernel/raft/message.ts';
import { GROUP } from './member.ts';

/** What of a member says whether a frame comes too late. */
export interface Moment {
  readonly term: number;
  /** It stands for election in its term. Who does not will not do so again in the same term. */
  readonly stands: boolean;
}

/** Will the answer be ignored from now on? */
export function isPastAnswer(message: GroupMessage, moment: Moment): boolean {
  if (message.kind === 'appendReply') return message.term < moment.term;
  if (message.kind !== 'voteReply') return false;
  return message.term < moment.term || (message.term === moment.term && (message.pre || !message.granted || !moment.stands));
}

/** Does the request, whatever it holds, only bring an answer that names the later term? */
export function isPastRequest(message: GroupMessage, moment: Moment): boolean {
  return (message.kind === 'append' || message.kind === 'vote') && message.term < moment.term;
}

/** What stands for all requests of that kind: of a term that was over before anything began. */
export function anyPastRequest(message: GroupMessage): GroupMessage {
  return message.kind === 'vote' ? voteRequest(GROUP, message.pre, 0, 0, 0) : append(GROUP, 0, 0, 0, [], 0, 0);
}
