// What events, effects and messages say, in words for a person. The kind of a message, its group, who and whom stand beside
// the text where it is shown, so they are not part of it.

import type { Answer, Effect } from '../../kernel/effect.ts';
import type { Cause, Operation } from '../../kernel/event.ts';
import type { Fact } from '../../kernel/fact.ts';
import type { Body } from '../../kernel/machine.ts';
import type { Message } from '../../kernel/message.ts';
import type { Command } from '../../kernel/raft/entry.ts';
import type { Envelope } from '../../kernel/swarm/envelope.ts';

export function causeWords(cause: Exclude<Cause, { readonly kind: 'message' }>): string {
  switch (cause.kind) {
    case 'boot':
      return `the node boots, of a network of ${cause.parameters.nodes}`;
    case 'recovered':
      return `the process starts, as incarnation ${cause.incarnation}${cause.reborn ? ', anew: what it had promised is lost' : ''}`;
    case 'deadline':
      return 'a deadline is due';
    case 'drain':
      return 'the process is about to stop';
    case 'request':
      return operationWords(cause.operation);
    case 'publish':
      return `publish ${envelopeWords(cause.message.envelope)}`;
    case 'order':
      return `operator: ${cause.wish.kind} in group ${cause.group}`;
    case 'planEdit':
      return `a client edits the plan of "${cause.thread}": ${cause.body.kind}`;
    case 'outcome':
      return `${cause.outcome.kind === 'ok' ? cause.outcome.answer.service : 'a service'} answers the call of step ${cause.sequence}: ${cause.outcome.kind}`;
    case 'parentHead':
      return `the parent chain has block ${cause.number}, ${cause.hash}`;
  }
}

export const operationWords = (operation: Operation): string => (operation.kind === 'decide' ? `decide ${operation.need} = ${operation.proposal}` : `get ${operation.need}`);

export function answerWords(answer: Answer): string {
  switch (answer.kind) {
    case 'decided':
      return `decided: ${answer.record.proposal.proposal}`;
    case 'lost':
      return `lost to ${answer.record.proposal.proposal}`;
    case 'found':
      return `found: ${answer.record.proposal.proposal}`;
    case 'unknown':
    case 'refused':
      return `${answer.kind}: ${answer.why}`;
    case 'envelopeRefused':
      return `refused: ${answer.reason}`;
    case 'planned':
      return `op ${answer.id.slice(0, 12)}, number ${answer.seq} of its author`;
    case 'ordered':
      return `order ${answer.verdict}`;
    default:
      return answer.kind;
  }
}

export function callWords(effect: Effect & { readonly kind: 'call' }): string {
  return effect.request.service;
}

/** Facts are flat; their fields are shown in the order in which they are written. */
export function factWords(fact: Fact): string {
  const fields = Object.entries(fact).filter(([name]) => name !== 'kind');
  return `${fact.kind}: ${fields.map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`).join(', ')}`;
}

/** `text` without its entries; `entries` one line each; `needs`: every need that it names. */
export interface MessageWords {
  readonly text: string;
  readonly entries: readonly string[];
  readonly needs: readonly string[];
}

const just = (text: string, ...needs: string[]): MessageWords => ({ text, entries: [], needs });

export function messageWords(message: Message): MessageWords {
  switch (message.kind) {
    case 'hello':
      return just(`incarnation ${message.incarnation}${message.refused ? ', a refusal' : message.answers > 0 ? ', an answer' : ''}`);
    case 'append': {
      const first = message.prevIndex + 1;
      const words = `term ${message.term}, ${message.entries.length === 0 ? 'heartbeat' : message.entries.length === 1 ? '1 entry' : `${message.entries.length} entries`} after index ${message.prevIndex} of term ${message.prevTerm}, commit ${message.commit}, round ${message.round}`;
      return { text: words, entries: message.entries.map((entry, place) => `index ${first + place}, term ${entry.term}: ${commandWords(entry.command)}`), needs: message.entries.flatMap((entry) => needsOf(entry.command)) };
    }
    case 'appendReply':
      return just(`term ${message.term}, ${message.ok ? `has all up to index ${message.match}` : `no; go on from index ${message.match}`}, round ${message.round}`);
    case 'vote':
      return just(`${message.pre ? 'pre-vote ' : ''}asked in term ${message.term}, log ends at index ${message.lastIndex} of term ${message.lastTerm}${message.handed ? ', handed over' : ''}`);
    case 'voteReply':
      return just(`${message.pre ? 'pre-vote ' : ''}${message.granted ? 'granted' : 'refused'} in term ${message.term}`);
    case 'snapshot':
      return just(`term ${message.term}, state at index ${message.index} of term ${message.indexTerm}: bytes ${message.offset} to ${message.offset + message.bytes.length} of ${message.length}, content ${message.content.slice(0, 12)}`);
    case 'snapshotReply':
      return just(`term ${message.term}, of the state at index ${message.index} it ${message.is === 'done' ? 'has all' : message.is === 'damaged' ? 'got another content than its name says' : `wants bytes from ${message.offset}`}`);
    case 'beats':
      return { text: `${message.beats.length} heartbeats, or answers to them, together`, entries: message.beats.map((beat) => `${beat.kind} of group ${beat.group}: ${messageWords(beat).text}`), needs: [] };
    case 'planVector':
      return just(`of the plan it has ${message.vector.map(({ actor, seq }) => `${actor} up to ${seq}`).join(', ') || 'nothing'}${message.asks ? ', and asks for the same' : ''}`);
    case 'planOps':
      return just(`${message.entries.length} ops of the plan${message.more ? ', and has more' : ''}`);
    case 'planBlocks':
      return just(`what it has of ${message.actor}: ${message.sums.length} blocks from ${message.first}`);
    case 'takeOver':
    case 'wake':
      return just(`term ${message.term}`);
    case 'rest':
      return just(`term ${message.term}, log ends at index ${message.lastIndex}`);
    case 'open':
      return just(`nonce ${message.nonce}`);
    case 'opened':
      return just(`session ${message.session}, nonce ${message.nonce}`);
    case 'submit':
      return just(`session ${message.session}, number ${message.sequence}: ${bodyWords(message.body)}`, ...needsOfBody(message.body));
    case 'submitted':
      return just(`session ${message.session}, number ${message.sequence}: ${answerWords(message.outcome)}`, ...('record' in message.outcome ? [message.outcome.record.proposal.need] : []));
    case 'read':
      return just(`token ${message.token}: ${message.need}`, message.need);
    case 'readReply':
      return just(`token ${message.token}: ${answerWords(message.lookup)}`, ...('record' in message.lookup ? [message.lookup.record.proposal.need] : []));
    case 'envelope':
      return just(envelopeWords(message.envelope));
    case 'envelopeRefused':
      return just(`envelope ${message.id.slice(0, 12)} refused: ${message.reason}`);
    case 'order':
      return just(`token ${message.token}: ${message.wish.kind}`);
    case 'ordered':
      return just(`token ${message.token}: ${message.verdict}`);
    case 'redirect':
      return just(`${message.why}: ${message.answers} ${message.number}${message.leader > 0 ? `, ask node ${message.leader}` : ''}`);
  }
}

const envelopeWords = (envelope: Envelope): string => `${envelope.kind} ${envelope.id.slice(0, 12)} of ${envelope.sender.slice(0, 12)}, lamport ${envelope.lamport}`;

function commandWords(command: Command): string {
  switch (command.kind) {
    case 'apply':
      return `session ${command.session}, number ${command.sequence}: ${bodyWords(command.body)}`;
    case 'own':
      return bodyWords(command.body);
    case 'open':
      return `open a session for node ${command.opener}`;
    case 'expire':
      return `expire sessions ${command.sessions.join(', ')}`;
    case 'configure':
      return `configuration ${command.configuration.number}`;
    case 'noop':
      return 'a new leader begins';
  }
}

const bodyWords = (body: Body): string => (body.kind === 'decide' ? `decide ${body.proposal.need} = ${body.proposal.proposal}` : `advance to epoch ${body.epoch}`);
const needsOfBody = (body: Body): string[] => (body.kind === 'decide' ? [body.proposal.need] : []);
const needsOf = (command: Command): string[] => (command.kind === 'apply' || command.kind === 'own' ? needsOfBody(command.body) : []);
