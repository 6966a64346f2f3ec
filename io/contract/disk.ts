// What the journal relies on a data directory for.

import type { Chunk, Disk, DiskRequest, DiskResult } from '../ports.ts';
import { expect, expectSame, type Claim } from './contract.ts';

/** A disk under test. The harness feeds `completions` from whatever the disk reports. */
export interface DiskSubject {
  readonly disk: Disk;
  /** What completed since the subject was made or reopened, in order of completion. */
  readonly completions: readonly { readonly token: number; readonly result: DiskResult }[];
  /** Waits until everything submitted has completed. */
  settle(): Promise<void>;
  /** Ends the process and starts another over the same directory; the machine runs on. */
  reopen(): Promise<void>;
  /** Stops the machine: what was not synced may be lost, wholly or in part. Then a new process starts. */
  readonly crash?: (loss: 'kept' | 'lost' | 'torn') => Promise<void>;
  /** Asks for the lock in a second process over the same directory, while this one runs. */
  lockElsewhere(): Promise<DiskResult>;
}

export const text = (content: string): Chunk => {
  const bytes = new TextEncoder().encode(content);
  return { weight: bytes.length, bytes: () => bytes };
};

/** Submits, waits, and returns the result. */
async function done(subject: DiskSubject, token: number, request: DiskRequest): Promise<DiskResult> {
  subject.disk.submit(token, request);
  await subject.settle();
  const completions = subject.completions.filter((completion) => completion.token === token);
  expectSame(completions.length, 1, `completions of the ${request.kind} request`);
  return (completions[0] as { readonly result: DiskResult }).result;
}

async function contentOf(subject: DiskSubject, token: number, file: string): Promise<string> {
  const result = await done(subject, token, { kind: 'read', file });
  if (result.kind === 'failed') return `failed: ${result.reason}`;
  expectSame(result.kind, 'content', 'a read yields');
  const chunks = result.kind === 'content' ? result.chunks : [];
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk.bytes())).join('');
}

async function succeeds(subject: DiskSubject, token: number, request: DiskRequest): Promise<void> {
  expectSame(await done(subject, token, request), { kind: 'done' }, `a ${request.kind} request`);
}

const append = (file: string, content: string, sync: boolean): DiskRequest => ({ kind: 'append', file, chunk: text(content), sync });
const lock: DiskRequest = { kind: 'lock' };

export const diskContract: readonly Claim<DiskSubject>[] = [
  {
    claim: 'nothing completes inside submit',
    async check(subject) {
      subject.disk.submit(1, lock);
      expectSame(subject.completions.length, 0, 'completions before submit has returned');
      await subject.settle();
      expectSame(subject.completions, [{ token: 1, result: { kind: 'done' } }], 'completions');
    },
  },
  {
    claim: 'a new directory is empty, and a file that is not there is reported missing',
    async check(subject) {
      await succeeds(subject, 1, lock);
      expectSame(await done(subject, 2, { kind: 'list' }), { kind: 'files', files: [] }, 'the list');
      expectSame(await contentOf(subject, 3, 'nothing'), 'failed: missing', 'the content');
      const removed = await done(subject, 4, { kind: 'remove', file: 'nothing' });
      expect(removed.kind === 'failed' && removed.reason === 'missing', 'removing what is not there says so');
    },
  },
  {
    claim: 'appends to one file are done, and complete, in the order submitted',
    async check(subject) {
      await succeeds(subject, 1, lock);
      for (let i = 0; i < 20; i++) subject.disk.submit(100 + i, append('log', `<${i}>`, i % 3 === 0));
      await subject.settle();
      const order = subject.completions.filter((completion) => completion.token >= 100).map((completion) => completion.token);
      expectSame(order, Array.from({ length: 20 }, (_, i) => 100 + i), 'the order of completion');
      expectSame(await contentOf(subject, 2, 'log'), Array.from({ length: 20 }, (_, i) => `<${i}>`).join(''), 'the content');
    },
  },
  {
    claim: 'a read sees what was submitted before it for that file',
    async check(subject) {
      await succeeds(subject, 1, lock);
      subject.disk.submit(2, append('log', 'a', false));
      subject.disk.submit(3, append('log', 'b', false));
      expectSame(await contentOf(subject, 4, 'log'), 'ab', 'the content');
    },
  },
  {
    claim: 'an empty append adds nothing, and makes durable what came before it',
    async check(subject) {
      await succeeds(subject, 1, lock);
      await succeeds(subject, 2, append('log', 'a', false));
      await succeeds(subject, 3, append('log', '', true));
      await subject.crash?.('lost');
      await subject.reopen();
      expectSame(await contentOf(subject, 4, 'log'), 'a', 'the content');
    },
  },
  {
    claim: 'replace leaves exactly the new content, whether or not the file was there',
    async check(subject) {
      await succeeds(subject, 1, lock);
      await succeeds(subject, 2, { kind: 'replace', file: 'mark', chunk: text('a long first content') });
      await succeeds(subject, 3, { kind: 'replace', file: 'mark', chunk: text('short') });
      expectSame(await contentOf(subject, 4, 'mark'), 'short', 'the content');
      await succeeds(subject, 5, append('mark', '+', true));
      await succeeds(subject, 6, { kind: 'replace', file: 'mark', chunk: text('again') });
      expectSame(await contentOf(subject, 7, 'mark'), 'again', 'the content');
      expectSame(await done(subject, 8, { kind: 'list' }), { kind: 'files', files: ['mark'] }, 'no other file is left behind');
    },
  },
  {
    claim: 'truncate cuts at a byte, and appending goes on from there',
    async check(subject) {
      await succeeds(subject, 1, lock);
      await succeeds(subject, 2, append('log', 'abc', false));
      await succeeds(subject, 3, append('log', 'def', true));
      await succeeds(subject, 4, { kind: 'truncate', file: 'log', length: 4 });
      expectSame(await contentOf(subject, 5, 'log'), 'abcd', 'the content');
      await succeeds(subject, 6, append('log', 'X', true));
      expectSame(await contentOf(subject, 7, 'log'), 'abcdX', 'the content');
    },
  },
  {
    claim: 'a removed file is gone, and can be begun anew',
    async check(subject) {
      await succeeds(subject, 1, lock);
      await succeeds(subject, 2, append('log', 'old', true));
      await succeeds(subject, 3, { kind: 'remove', file: 'log' });
      expectSame(await contentOf(subject, 4, 'log'), 'failed: missing', 'the content');
      await succeeds(subject, 5, append('log', 'new', true));
      expectSame(await contentOf(subject, 6, 'log'), 'new', 'the content');
    },
  },
  {
    claim: 'a list names every file, once',
    async check(subject) {
      await succeeds(subject, 1, lock);
      for (const [token, file] of [[2, 'b'], [3, 'a'], [4, 'b'], [5, 'c']] as const) await succeeds(subject, token, append(file, '.', true));
      const listed = await done(subject, 6, { kind: 'list' });
      expectSame(listed.kind === 'files' ? [...listed.files].sort((a, b) => (a < b ? -1 : 1)) : listed, ['a', 'b', 'c'], 'the list');
    },
  },
  {
    claim: 'one process holds a directory at a time, and the next may have it afterwards',
    async check(subject) {
      await succeeds(subject, 1, lock);
      const refused = await subject.lockElsewhere();
      expect(refused.kind === 'failed' && refused.reason === 'locked' && refused.detail.length > 0, 'the second is told that the directory is locked');
      await subject.reopen();
      await succeeds(subject, 2, lock);
    },
  },
  {
    claim: 'a process that ends leaves what completed',
    async check(subject) {
      await succeeds(subject, 1, lock);
      await succeeds(subject, 2, append('log', 'unsynced', false));
      await succeeds(subject, 3, { kind: 'replace', file: 'mark', chunk: text('m') });
      await subject.reopen();
      await succeeds(subject, 4, lock);
      expectSame(await contentOf(subject, 5, 'log'), 'unsynced', 'the content');
      expectSame(await contentOf(subject, 6, 'mark'), 'm', 'the content');
    },
  },
  {
    claim: 'a machine that stops keeps what was synced, and what was appended before it',
    applies: (subject) => subject.crash !== undefined,
    async check(subject) {
      await succeeds(subject, 1, lock);
      await succeeds(subject, 2, append('log', 'ab', false));
      await succeeds(subject, 3, append('log', 'cd', true));
      await succeeds(subject, 4, { kind: 'replace', file: 'mark', chunk: text('m') });
      await succeeds(subject, 5, { kind: 'truncate', file: 'log', length: 3 });
      await succeeds(subject, 6, append('log', 'lost', false));
      await subject.crash?.('lost');
      expectSame((await contentOf(subject, 7, 'log')).slice(0, 3), 'abc', 'the content');
      expectSame(await contentOf(subject, 8, 'mark'), 'm', 'the content');
    },
  },
  {
    claim: 'a machine that stops tears only what was not synced',
    applies: (subject) => subject.crash !== undefined,
    async check(subject) {
      await succeeds(subject, 1, lock);
      await succeeds(subject, 2, append('log', 'kept', true));
      await succeeds(subject, 3, append('log', 'a longer text at risk', false));
      await subject.crash?.('torn');
      expectSame((await contentOf(subject, 4, 'log')).slice(0, 4), 'kept', 'the beginning');
    },
  },
];
