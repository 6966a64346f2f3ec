// Identifiers are branded so that a term cannot be passed where an index is meant. Small integers where they are hot
// (an array index is twenty times cheaper than a built string key), strings where people choose them.

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A node's place in the network's member list, from 1. The list maps it to a public key. */
export type NodeId = Branded<number, 'NodeId'>;
/** One replicated log. Groups are numbered from 0. */
export type GroupId = Branded<number, 'GroupId'>;
/** A Raft session: the index of the log entry that opened it. */
export type SessionId = Branded<number, 'SessionId'>;
/** `<epoch>/<name>`: a need id carries its epoch, so that a register can forget old epochs and still answer `tooOld`. */
export type NeedId = Branded<string, 'NeedId'>;
export type ProposalId = Branded<string, 'ProposalId'>;

export const nodeId = (value: number): NodeId => value as NodeId;
export const groupId = (value: number): GroupId => value as GroupId;
export const sessionId = (value: number): SessionId => value as SessionId;

export const MAX_ID_BYTES = 64;

/** Why a text is no need id; undefined if it is one. */
export function needIdFault(text: string): string | undefined {
  if (text.length > MAX_ID_BYTES) return `a need id has at most ${MAX_ID_BYTES} characters`;
  if (!/^(0|[1-9][0-9]{0,8})\/[\x21-\x7e]+$/.test(text)) return 'a need id is <epoch>/<name>: a decimal epoch, a slash, printable ASCII';
  return undefined;
}

export function needEpoch(need: NeedId): number {
  return Number(need.slice(0, need.indexOf('/')));
}
