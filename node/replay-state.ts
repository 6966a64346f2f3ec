// What a node was after one event, in words and numbers for a person: what happened, what it did about it, where it stood in
// its groups, what its registers held, what it had open, and what it knew of the others.

import type { Effect } from '../kernel/effect.ts';
import type { Event } from '../kernel/event.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { isAboutPlan, type Message } from '../kernel/message.ts';
import { NEVER } from '../kernel/base/time.ts';
import type { GroupState, StateReport } from '../reports/replay-report.ts';
import { raftOf } from '../properties/past.ts';

/** `event`: the last one, with its effects; undefined if the state came from a snapshot and nothing was refolded. */
export function stateOf(kernel: Kernel, last: { readonly event: Event; readonly effects: readonly Effect[] } | undefined): StateReport {
  const image = kernel.image();
  const due = kernel.nextDeadline();
  const groups: GroupState[] = kernel.groups.map(({ group, role, term, leader, commit, applied, firstIndex, lastIndex }) => {
    const raft = raftOf(image, group);
    const lane = image.gateway.lanes.find((one) => one.group === group);
    return {
      group, role, term, leader, commit, applied, firstIndex, lastIndex,
      epoch: raft?.machine.epoch ?? 0, records: raft?.machine.records.length ?? 0, lamport: raft?.machine.lamport ?? 0, sessions: raft?.sessions.length ?? 0,
      open: (lane?.submitted.length ?? 0) + (lane?.waiting.length ?? 0) + (lane?.reads.length ?? 0),
    };
  });
  const peers = image.peers.peers.flatMap(({ incarnation, heard }, node) => (node === 0 || node === kernel.self ? [] : [{ node, incarnation, heard }]));
  return {
    step: kernel.sequence, atUs: kernel.at, wallUs: kernel.wall, node: kernel.self, digest: kernel.digest(), incarnation: image.peers.incarnation, groups, peers,
    ...(due >= NEVER ? {} : { nextDeadlineUs: due }), ...(last === undefined ? {} : { event: eventWords(last.event), effects: last.effects.map(effectWords) }),
  };
}

function eventWords({ cause }: Event): string {
  switch (cause.kind) {
    case 'boot':
      return `node ${cause.self} boots, of a network of ${cause.parameters.nodes}`;
    case 'recovered':
      return `the process starts, as incarnation ${cause.incarnation}`;
    case 'deadline':
      return 'a deadline is due';
    case 'message':
      return `node ${cause.from} says ${messageWords(cause.message)} (from event ${cause.sent} of its journal)`;
    case 'request':
      return `client ${cause.request.client} asks: ${cause.operation.kind} ${cause.operation.need}${cause.operation.kind === 'decide' ? `, proposal "${cause.operation.proposal}"` : ''} (its request ${cause.request.number})`;
    case 'outcome':
      return `${cause.outcome.kind === 'ok' ? cause.outcome.answer.service : 'a service'} answers the call of event ${cause.sequence}: ${cause.outcome.kind}`;
    case 'publish':
      return `client ${cause.request.client} publishes the envelope ${cause.message.envelope.id}, a ${cause.message.envelope.kind} (its request ${cause.request.number})`;
    case 'order':
      return `an operator asks (its request ${cause.request.number}): ${cause.wish.kind} in group ${cause.group}`;
    case 'planEdit':
      return `client ${cause.request.client} edits the plan of "${cause.thread}": ${cause.body.kind} (its request ${cause.request.number})`;
    case 'drain':
      return 'the process is about to stop';
    case 'parentHead':
      return `the parent chain has block ${cause.number}`;
  }
}

function effectWords(effect: Effect): string {
  switch (effect.kind) {
    case 'send':
      return `says ${messageWords(effect.message)} to node ${effect.to}`;
    case 'reply':
      return `answers client ${effect.request.client}: ${effect.answer.kind}`;
    case 'call':
      return `calls ${effect.request.service}`;
    case 'fact':
      return `announces ${effect.fact.kind}`;
  }
}

function messageWords(message: Message): string {
  if (message.kind === 'hello') return `hello (incarnation ${message.incarnation}${message.refused ? ', a refusal' : ''})`;
  if (message.kind === 'beats') return `${message.beats.length} heartbeats and answers together: ${messageWords(message.beats[0] as Message)}, and so on`;
  if (message.kind === 'envelope') return `the envelope ${message.envelope.id}, a ${message.envelope.kind}`;
  if (message.kind === 'envelopeRefused') return `that it refused the envelope ${message.id}: ${message.reason}`;
  if (isAboutPlan(message)) return `something about the plan (${message.kind})`;
  const group = `group ${message.group}`;
  switch (message.kind) {
    case 'append':
      return message.entries.length === 0 ? `append of ${group}, term ${message.term}: a heartbeat after index ${message.prevIndex}` : `append of ${group}, term ${message.term}: ${message.entries.length} after index ${message.prevIndex}`;
    case 'appendReply':
      return `appendReply of ${group}, term ${message.term}: ${message.ok ? `has all up to ${message.match}` : 'no'}`;
    case 'vote':
      return `${message.pre ? 'pre-vote' : 'vote'} of ${group}, term ${message.term}`;
    case 'voteReply':
      return `${message.pre ? 'pre-vote' : 'vote'} reply of ${group}, term ${message.term}: ${message.granted ? 'granted' : 'no'}`;
    default:
      return `${message.kind} of ${group}`;
  }
}
