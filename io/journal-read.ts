// Replay without a node: refolds a data directory that lies still, and changes nothing in it. It is the recovery of a live node
// (journal-reading.ts), driven by plain reads.

import { readJournal, type ReadingOptions, type Refolded, type Refusal } from './journal-reading.ts';
import type { Chunk, DiskRequest, DiskResult } from './ports.ts';

/** Answers `list` and `read` at once; nothing else is asked. */
export type Answers = (request: DiskRequest) => DiskResult;

export function refold(answer: Answers, options: Omit<ReadingOptions, 'lock' | 'sliceEvents'>): Refolded | Refusal {
  const reading = readJournal({ ...options, lock: false, sliceEvents: Number.MAX_SAFE_INTEGER });
  let step = reading.next();
  while (step.done !== true) step = reading.next(step.value === undefined ? undefined : answer(step.value));
  return step.value;
}

/** Answers from files that are in memory. */
export function answersFrom(files: ReadonlyMap<string, Uint8Array>): Answers {
  return (request) => {
    if (request.kind === 'list') return { kind: 'files', files: [...files.keys()] };
    const bytes = request.kind === 'read' ? files.get(request.file) : undefined;
    if (bytes === undefined) return { kind: 'failed', reason: 'missing', detail: 'there is no such file' };
    const chunk: Chunk = { weight: bytes.length, bytes: () => bytes };
    return { kind: 'content', chunks: [chunk] };
  };
}
