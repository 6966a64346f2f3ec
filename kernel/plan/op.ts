// One statement of one author about a plan, immutable for ever. Its id is the hash of its canonical bytes, so two contents never
// share an id; `seq` is the author's own count, from 1, so that a version vector is one number for each author. An author who
// gives one number to two contents equivocates; both are kept (see log.ts).

import { Refused, type Codec, type Reader, type Writer as WriterType } from '../base/codec.ts';
import { Writer } from '../base/codec.ts';
import { hashText, mix } from '../base/digest.ts';
import { sha256 } from '../base/hash.ts';

export const STATES = ['DRAFT', 'DECIDED', 'VERIFIED', 'FINAL'] as const;
export type State = (typeof STATES)[number];
/** From this state on a task holds nobody up. */
export const VERIFIED = 2;

export type Body =
  | { readonly kind: 'ADD_TASK'; readonly task: string; readonly title: string }
  /** The child waits for the parent. */
  | { readonly kind: 'LINK'; readonly parent: string; readonly child: string }
  | { readonly kind: 'REQUIRES'; readonly task: string; readonly artifact: string }
  | { readonly kind: 'PRODUCES'; readonly task: string; readonly artifact: string }
  /** `rank` is the place in STATES. It holds within one generation of the task. */
  | { readonly kind: 'STATE'; readonly task: string; readonly generation: number; readonly rank: number }
  /** Ends that generation, and begins the next one as DRAFT. Two that end the same one are one. */
  | { readonly kind: 'REOPEN'; readonly task: string; readonly generation: number }
  | { readonly kind: 'ANNOTATE'; readonly task: string; readonly key: string; readonly value: string };

export type Kind = Body['kind'];
export const KINDS = ['ADD_TASK', 'LINK', 'REQUIRES', 'PRODUCES', 'STATE', 'REOPEN', 'ANNOTATE'] as const;

/** What an author signs. */
export interface Statement {
  readonly thread: string;
  readonly actor: string;
  readonly seq: number;
  readonly lamport: number;
  readonly body: Body;
}

export interface Op extends Statement {
  /** sha256 of the canonical bytes, in hexadecimal. */
  readonly id: string;
  /** The author's, over the id. The boundary verifies it; here it is carried along. */
  readonly signature: string;
}

/** Bounds of every field, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 64;
export const MAX_TITLE_BYTES = 512;
export const MAX_VALUE_BYTES = 2_048;
export const MAX_SIGNATURE_BYTES = 256;
export const MAX_GENERATION = 4_095;
/** An author says no more than this in a lifetime: with the bound on authors, the bound of the whole plan. */
export const MAX_SEQ = 1_048_576;
/** Above it there is no room for others to go on. */
export const MAX_LAMPORT = 0xfffffffffffff;

const scratch = new Writer();

function writeStatement(w: WriterType, statement: Statement): void {
  w.array(5);
  w.text(statement.thread);
  w.text(statement.actor);
  w.uint(statement.seq);
  w.uint(statement.lamport);
  writeBody(w, statement.body);
}

/** Kind and fields, one after the other: the kind says how many there are. */
export function writeBody(w: WriterType, body: Body): void {
  w.uint(KINDS.indexOf(body.kind));
  switch (body.kind) {
    case 'ADD_TASK':
      w.text(body.task);
      return w.text(body.title);
    case 'LINK':
      w.text(body.parent);
      return w.text(body.child);
    case 'REQUIRES':
    case 'PRODUCES':
      w.text(body.task);
      return w.text(body.artifact);
    case 'STATE':
      w.text(body.task);
      w.uint(body.generation);
      return w.uint(body.rank);
    case 'REOPEN':
      w.text(body.task);
      return w.uint(body.generation);
    case 'ANNOTATE':
      w.text(body.task);
      w.text(body.key);
      return w.text(body.value);
  }
}

export function readBody(r: Reader, tag: number): Body {
  switch (KINDS[tag]) {
    case 'ADD_TASK':
      return { kind: 'ADD_TASK', task: readName(r), title: r.text(MAX_TITLE_BYTES) };
    case 'LINK':
      return { kind: 'LINK', parent: readName(r), child: readName(r) };
    case 'REQUIRES':
      return { kind: 'REQUIRES', task: readName(r), artifact: readName(r) };
    case 'PRODUCES':
      return { kind: 'PRODUCES', task: readName(r), artifact: readName(r) };
    case 'STATE':
      return { kind: 'STATE', task: readName(r), generation: r.uint(MAX_GENERATION), rank: r.uint(STATES.length - 1) };
    case 'REOPEN':
      return { kind: 'REOPEN', task: readName(r), generation: r.uint(MAX_GENERATION - 1) };
    case 'ANNOTATE':
      return { kind: 'ANNOTATE', task: readName(r), key: readName(r), value: r.text(MAX_VALUE_BYTES) };
    default:
      throw new Refused(`unknown kind of op ${tag}`);
  }
}

export function readName(r: Reader): string {
  const name = r.text(MAX_NAME_BYTES);
  if (name === '') throw new Refused('an empty name');
  return name;
}

/** A statement with its id. It is hashed once, where it is made or decoded. */
export function op(statement: Statement, signature = ''): Op {
  scratch.clear();
  writeStatement(scratch, statement);
  const { thread, actor, seq, lamport, body } = statement;
  return { thread, actor, seq, lamport, body, id: sha256(scratch.view()), signature };
}

/** One word for a digest of what was said and heard. */
export const hashOp = (it: Op): number => mix(hashText(it.id), hashText(it.signature));

/** The one total order: (lamport, author, id). Ids of different ops differ. */
export function compareOps(a: Op, b: Op): number {
  if (a.lamport !== b.lamport) return a.lamport - b.lamport;
  if (a.actor !== b.actor) return a.actor < b.actor ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export const bodyCodec: Codec<Body> = { write: writeBody, read: (r: Reader): Body => readBody(r, r.uint(KINDS.length - 1)) };

const utf8 = (text: string): number => {
  let size = 0;
  for (const character of text) {
    const c = character.codePointAt(0) as number;
    size += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  }
  return size;
};

function textFault(what: string, text: unknown, max: number, least: number): string | undefined {
  if (typeof text !== 'string') return `${what} is a text`;
  if (!text.isWellFormed()) return `${what} is not well-formed Unicode`;
  const size = utf8(text);
  if (size < least) return `${what} is empty`;
  return size > max ? `${what} has ${size} bytes, at most ${max} are allowed` : undefined;
}

const numberFault = (what: string, value: number, max: number, least = 0): string | undefined =>
  Number.isSafeInteger(value) && value >= least && value <= max ? undefined : `${what} is an integer from ${least} to ${max}`;

/** Why this is no statement that an op can carry; undefined if it is one. For what comes from a person or a file. */
export function statementFault(it: Statement): string | undefined {
  return textFault('thread', it.thread, MAX_NAME_BYTES, 1) ?? textFault('actor', it.actor, MAX_NAME_BYTES, 1)
    ?? numberFault('seq', it.seq, MAX_SEQ, 1) ?? numberFault('lamport', it.lamport, MAX_LAMPORT, 1) ?? bodyFault(it.body);
}

export function bodyFault(body: Body): string | undefined {
  const task = body.kind === 'LINK' ? (textFault('parent', body.parent, MAX_NAME_BYTES, 1) ?? textFault('child', body.child, MAX_NAME_BYTES, 1)) : textFault('task', body.task, MAX_NAME_BYTES, 1);
  if (task !== undefined) return task;
  switch (body.kind) {
    case 'LINK':
      return undefined;
    case 'ADD_TASK':
      return textFault('title', body.title, MAX_TITLE_BYTES, 0);
    case 'REQUIRES':
    case 'PRODUCES':
      return textFault('artifact', body.artifact, MAX_NAME_BYTES, 1);
    case 'STATE':
      return numberFault('generation', body.generation, MAX_GENERATION) ?? numberFault('rank', body.rank, STATES.length - 1);
    case 'REOPEN':
      return numberFault('generation', body.generation, MAX_GENERATION - 1);
    case 'ANNOTATE':
      return textFault('key', body.key, MAX_NAME_BYTES, 1) ?? textFault('value', body.value, MAX_VALUE_BYTES, 0);
    default:
      return `unknown kind "${(body as { kind: string }).kind}", expected one of ${KINDS.join(', ')}`;
  }
}
