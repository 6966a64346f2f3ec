// A data directory as somebody else left it, read and never written: answers the requests of the journal's reader from files.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HEADER_MAGIC, segmentFile, segmentOf, snapshotOf, unwrapRecord } from '../io/journal-format.ts';
import { refold } from '../io/journal-read.ts';
import type { ReadingOptions, Refolded, Refusal } from '../io/journal-reading.ts';
import { segmentHeadCodec, type SegmentHead } from '../io/journal-records.ts';
import type { Chunk, DiskRequest, DiskResult } from '../io/ports.ts';
import { Complaint } from './complaint.ts';
import { NODE_FOLDER } from './dump.ts';

/** A file that cannot be a segment of ours: they are closed at 16 MiB, give or take a batch. */
const MAX_FILE_BYTES = 0x40000000;

const chunkOf = (bytes: Uint8Array): Chunk => ({ weight: bytes.length, bytes: () => bytes });

/** The data directories under a path: itself, or those of the nodes that a dump or a network keeps side by side. */
export function dataDirectories(path: string): string[] {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) throw new Complaint(`no data directory at "${path}": "lockstep sim --seed 42 --dump ${path}" writes those of a simulated network`);
  if (!there.isDirectory()) throw new Complaint(`expected a data directory at "${path}", found a file`);
  const names = readdirSync(path).toSorted();
  if (names.some(isJournalFile)) return [path];
  const nodes = names.filter((name) => NODE_FOLDER.test(name)).map((name) => join(path, name));
  const journals = nodes.filter((node) => readdirSync(node).some(isJournalFile));
  if (journals.length === 0) throw new Complaint(`no journal in "${path}": expected files such as ${segmentFile(1)}, or a folder for each node with such files`);
  return journals;
}

const isJournalFile = (name: string): boolean => segmentOf(name) !== undefined || snapshotOf(name) !== undefined;

/** Refuses the directory of a node that is running: what it is writing is not there yet. */
export function refuseIfRunning(directory: string): void {
  const holder = holderOf(directory);
  if (holder === undefined || !isAlive(holder)) return;
  throw new Complaint(`the data directory "${directory}" is in use by process ${holder}: stop that node, or copy the directory and replay the copy`);
}

function holderOf(directory: string): number | undefined {
  try {
    const holder = Number.parseInt(readFileSync(join(directory, 'lock'), 'utf8'), 10);
    return holder > 0 ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** A process that we may not signal is there all the same. */
function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Who wrote the newest segment, as far as its header can be read. */
export function writerOf(directory: string): SegmentHead | undefined {
  const segments = readdirSync(directory).filter((name) => segmentOf(name) !== undefined).toSorted();
  const newest = segments.at(-1);
  if (newest === undefined) return undefined;
  const { size } = statSync(join(directory, newest));
  if (size > MAX_FILE_BYTES) throw new Complaint(`"${join(directory, newest)}" has ${size} bytes and is no journal of ours: at most ${MAX_FILE_BYTES} are read`);
  const head = unwrapRecord(HEADER_MAGIC, segmentHeadCodec, readFileSync(join(directory, newest)), 0);
  return head.ok ? head.value : undefined;
}

/** The first event of which the files can show the state. */
export function firstStep(directory: string): number {
  const numbers = readdirSync(directory).map((name) => segmentOf(name) ?? snapshotOf(name)).filter((number) => number !== undefined);
  return Math.min(...numbers);
}

export function refoldDirectory(directory: string, options: Omit<ReadingOptions, 'lock' | 'sliceEvents'>): Refolded | Refusal {
  return refold((request) => answerFrom(directory, request), options);
}

/** The files of a directory, in order of their names. */
export const filesOf = (directory: string): string[] => readdirSync(directory).toSorted();

export function answerFrom(directory: string, request: DiskRequest): DiskResult {
  if (request.kind === 'list') return { kind: 'files', files: filesOf(directory) };
  if (request.kind !== 'read') throw new Error(`reading a journal asked the disk to ${request.kind}`);
  const path = join(directory, request.file);
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return { kind: 'failed', reason: 'missing', detail: `there is no ${request.file}` };
  if (!there.isFile() || there.size > MAX_FILE_BYTES) return { kind: 'failed', reason: 'io', detail: `${request.file} has ${there.size} bytes, and at most ${MAX_FILE_BYTES} are read` };
  try {
    return { kind: 'content', chunks: [chunkOf(readFileSync(path))] };
  } catch (error) {
    return { kind: 'failed', reason: 'io', detail: (error as Error).message };
  }
}
