// The thread of a shadow: follows the journal of one node in its files. It reads, and writes nothing.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Differs, JournalFollower } from '../journal-following.ts';
import type { Answers } from '../journal-read.ts';
import type { ShadowAnswer, ShadowTask } from './shadow.ts';

const { directory, writing, begins } = workerData as ShadowTask;

function readFrom(file: string, offset: number): Uint8Array | undefined {
  let handle: number;
  try {
    handle = fs.openSync(path.join(directory, file), 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = new Uint8Array(Math.max(0, fs.fstatSync(handle).size - offset));
    let read = 0;
    while (read < bytes.length) {
      const more = fs.readSync(handle, bytes, read, bytes.length - read, offset + read);
      if (more === 0) break;
      read += more;
    }
    return bytes.subarray(0, read);
  } finally {
    fs.closeSync(handle);
  }
}

const answer: Answers = (request) => {
  if (request.kind === 'list') return { kind: 'files', files: fs.readdirSync(directory).sort((a, b) => (a < b ? -1 : 1)) };
  const bytes = request.kind === 'read' ? readFrom(request.file, 0) : undefined;
  return bytes === undefined ? { kind: 'failed', reason: 'missing', detail: 'there is no such file' } : { kind: 'content', chunks: [{ weight: bytes.length, bytes: () => bytes }] };
};

const follower = new JournalFollower(writing, readFrom);
/** Where snapshots are wanted, in order. */
const wanted: number[] = [];

function tell(answer: ShadowAnswer, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(answer, transfer);
}

/** False once something differed: then nothing that follows means anything. */
function attempt(what: () => void): boolean {
  try {
    what();
    return true;
  } catch (error) {
    if (!(error instanceof Differs)) throw error;
    tell({ kind: 'differs', sequence: follower.sequence, text: error.message });
    parentPort?.close();
    return false;
  }
}

function follow(to: number): void {
  while (wanted.length > 0 && (wanted[0] as number) <= to) {
    const sequence = wanted.shift() as number;
    follower.follow(sequence);
    const began = performance.now();
    const bytes = follower.snapshot();
    tell({ kind: 'snapshot', sequence, bytes, tookMs: performance.now() - began }, [bytes.buffer as ArrayBuffer]);
  }
  follower.follow(to);
  tell({ kind: 'followed', sequence: follower.sequence, compared: follower.compared });
}

const ready = attempt(() => follower.begin(answer, begins.sequence, begins.high, begins.low));
if (ready) {
  parentPort?.on('message', (task: { readonly snapshot: number } | { readonly follow: number }) => {
    if ('snapshot' in task) wanted.push(task.snapshot);
    else attempt(() => follow(task.follow));
  });
}
