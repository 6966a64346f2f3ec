// An entry of a replicated log: the term of the leader that created it, and a command. Its index is its place in the log.
// Entries are immutable and carry the hash of their content, so that a digest of a message costs a word per entry.

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { finish, mix, mixUint } from '../base/digest.ts';
import { nodeId, sessionId, type NodeId, type SessionId } from '../base/ids.ts';
import { bodyCodec, type Body } from '../machine.ts';
import { MAX_NUMBER } from './bounds.ts';
import { configurationCodec, type Configuration } from './configuration.ts';

export type Command =
  /** Every leader begins with one: only an entry of the own term may be committed by counting. */
  | { readonly kind: 'noop'; readonly hash: number }
  /** Opens a session for a node. Its id is the index of this entry. `nonce` lets the opener recognise the answer. */
  | { readonly kind: 'open'; readonly opener: NodeId; readonly nonce: number; readonly hash: number }
  | { readonly kind: 'expire'; readonly sessions: readonly SessionId[]; readonly hash: number }
  /** A client's command, applied at most once per (session, sequence). Answers below `answered` have been received. */
  | { readonly kind: 'apply'; readonly session: SessionId; readonly sequence: number; readonly answered: number; readonly body: Body; readonly hash: number }
  /** The leader's own command to the state machine; idempotent by its content, so it needs no session. */
  | { readonly kind: 'own'; readonly body: Body; readonly hash: number }
  /** In force from the moment it is appended (4.1), committed or not. */
  | { readonly kind: 'configure'; readonly configuration: Configuration; readonly hash: number };

export interface Entry {
  readonly term: number;
  readonly command: Command;
  readonly hash: number;
}

/** One that expires more would be longer than a client's, and a full append longer than an event may be. */
export const MAX_EXPIRED_AT_ONCE = 16;

export const noop: Command = { kind: 'noop', hash: finish(1) };
export const openSession = (opener: NodeId, nonce: number): Command => ({ kind: 'open', opener, nonce, hash: finish(mixUint(mix(2, opener), nonce)) });
export const ownCommand = (body: Body): Command => ({ kind: 'own', body, hash: finish(mix(5, body.hash)) });
export const configure = (configuration: Configuration): Command => ({ kind: 'configure', configuration, hash: finish(mix(6, configuration.hash)) });

export function expireSessions(sessions: readonly SessionId[]): Command {
  let h = 3;
  for (const session of sessions) h = mixUint(h, session);
  return { kind: 'expire', sessions, hash: finish(h) };
}

export function applyCommand(session: SessionId, sequence: number, answered: number, body: Body): Command {
  const h = mixUint(mixUint(mixUint(mix(4, body.hash), session), sequence), answered);
  return { kind: 'apply', session, sequence, answered, body, hash: finish(h) };
}

export const makeEntry = (term: number, command: Command): Entry => ({ term, command, hash: mixUint(command.hash, term) });

const COMMANDS = ['noop', 'open', 'expire', 'apply', 'own', 'configure'] as const;

const sessionCodec: Codec<SessionId> = { write: (w: Writer, s: SessionId): void => w.uint(s), read: (r: Reader): SessionId => sessionId(r.uint()) };

/** An entry is a tuple (term, kind, fields of the kind...). */
export const entryCodec: Codec<Entry> = {
  write(w: Writer, entry: Entry): void {
    const command = entry.command;
    const fields = command.kind === 'apply' ? 4 : command.kind === 'open' ? 2 : command.kind === 'noop' ? 0 : 1;
    w.array(2 + fields);
    w.uint(entry.term);
    w.uint(COMMANDS.indexOf(command.kind));
    switch (command.kind) {
      case 'noop':
        return;
      case 'open':
        w.uint(command.opener);
        return w.uint(command.nonce);
      case 'expire':
        return w.list(sessionCodec, command.sessions);
      case 'apply':
        w.uint(command.session);
        w.uint(command.sequence);
        w.uint(command.answered);
        return bodyCodec.write(w, command.body);
      case 'own':
        return bodyCodec.write(w, command.body);
      case 'configure':
        return configurationCodec.write(w, command.configuration);
    }
  },
  read(r: Reader): Entry {
    const fields = r.array(6) - 2;
    const term = r.uint(MAX_NUMBER);
    const kind = COMMANDS[r.uint(COMMANDS.length - 1)];
    if (kind === 'noop' && fields === 0) return makeEntry(term, noop);
    if (kind === 'open' && fields === 2) return makeEntry(term, openSession(nodeId(r.uint(0xffff)), r.uint()));
    if (kind === 'expire' && fields === 1) return makeEntry(term, expireSessions(r.list(sessionCodec, MAX_EXPIRED_AT_ONCE)));
    if (kind === 'apply' && fields === 4) return makeEntry(term, applyCommand(sessionId(r.uint()), r.uint(), r.uint(), bodyCodec.read(r)));
    if (kind === 'configure' && fields === 1) return makeEntry(term, configure(configurationCodec.read(r)));
    if (kind === 'own' && fields === 1) return makeEntry(term, ownCommand(bodyCodec.read(r)));
    throw new Refused(`a ${kind} command has not ${fields} fields`);
  },
};
