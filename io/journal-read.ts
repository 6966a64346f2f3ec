// Replay without a node: refolds a data directory that lies still, and changes nothing in it. This is what `lockstep replay`
// and `lockstep audit` stand on; it is the recovery of a live node, driven by plain reads.

import type { Effect } from '../kernel/effect.ts';
import type { Event } from '../kernel/event.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { readJournal, type ReadingCounts, type Refusal } from './journal-reading.ts';
import type { Writing } from './journal-records.ts';
import type { DiskRequest, DiskResult } from './ports.ts';

/** The files of a data directory. */
export interface Folder {
  list(): readonly string[];
  /** Undefined if there is no such file. */
  read(file: string): Uint8Array | undefined;
}

export interface ReplayOptions {
  /** Stop after this event; NEVER or nothing: at the end. */
  readonly until?: number;
  /** From the first event, if it is still there, instead of the newest snapshot. */
  readonly fromBoot?: boolean;
  /** Refuse a journal that another network, node or kernel version wrote. */
  readonly expects?: Partial<Writing>;
  /** Sees each event after it was refolded, with the effects it caused. */
  readonly seen?: (event: Event, effects: readonly Effect[], kernel: Kernel) => void;
}

/** `match`: every digest agreed. `diverged`: the first batch whose digest did not. `corrupt`: damaged. `refused`: not ours to read. */
export type Replayed =
  | { readonly verdict: 'match'; readonly kernel: Kernel; readonly sequence: number; readonly digest: string; readonly counts: ReadingCounts }
  | { readonly verdict: 'diverged'; readonly text: string; readonly first: number; readonly last: number }
  | { readonly verdict: 'corrupt' | 'refused'; readonly text: string };

export function replay(folder: Folder, options: ReplayOptions = {}): Replayed {
  const reading = readJournal({
    writing: options.expects ?? {}, lock: false, fromBoot: options.fromBoot ?? false, until: options.until ?? Number.MAX_SAFE_INTEGER, sliceEvents: Number.MAX_SAFE_INTEGER,
    ...(options.seen === undefined ? {} : { seen: options.seen }),
  });
  let step = reading.next();
  while (step.done !== true) step = reading.next(step.value === undefined ? undefined : answered(folder, step.value));
  const end = step.value;
  if (end.kind === 'refused') return judged(end);
  return { verdict: 'match', kernel: end.kernel, sequence: end.place.sequence, digest: end.kernel.digest(), counts: end.counts };
}

function answered(folder: Folder, request: DiskRequest): DiskResult {
  if (request.kind === 'list') return { kind: 'files', files: folder.list() };
  const bytes = request.kind === 'read' ? folder.read(request.file) : undefined;
  if (bytes === undefined) return { kind: 'failed', reason: 'missing', detail: 'there is no such file' };
  return { kind: 'content', chunks: [{ weight: bytes.length, bytes: () => bytes }] };
}

function judged(refusal: Refusal): Replayed {
  if (refusal.code === 'diverged') return { verdict: 'diverged', text: refusal.text, first: refusal.first ?? 0, last: refusal.last ?? 0 };
  const damaged = refusal.code === 'lost' || refusal.code === 'damaged';
  return { verdict: damaged ? 'corrupt' : 'refused', text: refusal.text };
}
