// Snapshots as contents (7): all that applying the log has led to, as bytes that a store keeps and a follower puts together
// again. The encoding is canonical, so the state at an index has one name, whoever made the content.

import { decode, encode, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { sha256 } from '../base/hash.ts';
import { groupId, type GroupId } from '../base/ids.ts';
import { mix, mixUint } from '../base/digest.ts';
import { CHUNK_BYTES, chunkLength, readContentLength, readContentName, type Content } from '../content.ts';
import { recordCodec } from '../decide/record.ts';
import type { MachineImage } from '../machine.ts';
import { MAX_NUMBER } from './bounds.ts';
import { configurationCodec, type Configuration } from './configuration.ts';
import { sessionRowCodec, type SessionRow, type SnapshotChunk } from './message.ts';
import { areSessionRows } from './sessions.ts';

/** Everything that applying the log up to (index, term) has led to. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  /** The one in force at the index. */
  readonly configuration: Configuration;
  readonly machine: MachineImage;
  readonly rows: readonly SessionRow[];
}

/** More of anything no receiver takes in. */
const MAX_LISTED = 1 << 20;

export const machineImageCodec: Codec<MachineImage> = {
  write(w: Writer, image: MachineImage): void {
    w.array(5);
    w.uint(image.lamport);
    w.uint(image.epoch);
    w.uint(image.lowWater);
    w.uint(image.named);
    w.list(recordCodec, image.records);
  },
  read(r: Reader): MachineImage {
    r.tuple(5);
    return { lamport: r.uint(), epoch: r.uint(), lowWater: r.uint(), named: r.uint(), records: r.list(recordCodec, MAX_LISTED) };
  },
};

interface Contained {
  readonly group: GroupId;
  readonly snapshot: Snapshot;
}

const containedCodec: Codec<Contained> = {
  write(w: Writer, { group, snapshot }: Contained): void {
    w.array(6);
    w.uint(group);
    w.uint(snapshot.index);
    w.uint(snapshot.term);
    configurationCodec.write(w, snapshot.configuration);
    machineImageCodec.write(w, snapshot.machine);
    w.list(sessionRowCodec, snapshot.rows);
  },
  read(r: Reader): Contained {
    r.tuple(6);
    return {
      group: groupId(r.uint(0xffff)),
      snapshot: { index: r.uint(), term: r.uint(), configuration: configurationCodec.read(r), machine: machineImageCodec.read(r), rows: r.list(sessionRowCodec, MAX_LISTED) },
    };
  },
};

/** A snapshot as its leader gives it to the store. It shares what never changes with the state that it was taken from. */
export class SnapshotContent implements Content, Contained {
  readonly group: GroupId;
  readonly snapshot: Snapshot;
  readonly hash: number;

  constructor(group: GroupId, snapshot: Snapshot) {
    this.group = group;
    this.snapshot = snapshot;
    this.hash = mixUint(mixUint(mix(1, group), snapshot.index), snapshot.term);
  }

  bytes(): Uint8Array {
    return encode(containedCodec, this);
  }
}

/** Undefined if the bytes are no snapshot of this group that an honest member could have made. */
export function readSnapshot(group: GroupId, bytes: Uint8Array, maxSessions: number): Snapshot | undefined {
  const decoded = decode(containedCodec, bytes, bytes.length);
  if (!decoded.ok || decoded.value.group !== group) return undefined;
  const { snapshot } = decoded.value;
  const { lamport, epoch, lowWater, named, records } = snapshot.machine;
  if (Math.max(snapshot.index, snapshot.term, lamport, epoch, lowWater, named) > MAX_NUMBER) return undefined;
  const needs = new Set<string>();
  let latest = 0;
  for (const { proposal } of records) {
    if (proposal.epoch < latest) return undefined;
    latest = proposal.epoch;
    needs.add(proposal.need);
  }
  return needs.size === records.length && areSessionRows(snapshot.rows, snapshot.index, maxSessions) ? snapshot : undefined;
}

export interface AssemblyImage {
  /** The term in which its first chunk came. */
  readonly since: number;
  readonly index: number;
  readonly term: number;
  readonly content: string;
  readonly length: number;
  readonly chunks: readonly Uint8Array[];
}

/**
 * A snapshot that is arriving: its first chunks, in order. It holds no more than has arrived, and outlives a restart, for all of
 * it stands in the journal.
 */
export class Assembly {
  readonly since: number;
  readonly index: number;
  readonly term: number;
  readonly content: string;
  readonly length: number;
  private readonly chunks: Uint8Array[];
  private end = 0;

  constructor(image: AssemblyImage) {
    this.since = image.since;
    this.index = image.index;
    this.term = image.term;
    this.content = image.content;
    this.length = image.length;
    this.chunks = image.chunks.slice();
    for (const chunk of this.chunks) this.end += chunk.length;
  }

  static begin(m: SnapshotChunk): Assembly {
    return new Assembly({ since: m.term, index: m.index, term: m.indexTerm, content: m.content, length: m.length, chunks: [] });
  }

  /** How many bytes have arrived: where the next chunk begins. */
  get received(): number {
    return this.end;
  }

  isOf(m: SnapshotChunk): boolean {
    return m.content === this.content && m.index === this.index && m.indexTerm === this.term && m.length === this.length;
  }

  /** Within a term a leader goes on to later snapshots only: this one was overtaken by what is arriving. */
  hasOvertaken(m: SnapshotChunk): boolean {
    return m.term === this.since && m.index < this.index;
  }

  /** Takes the chunk in if it is the one that comes next. */
  add(m: SnapshotChunk): void {
    if (m.offset !== this.end || m.bytes.length !== chunkLength(this.length, m.offset)) return;
    this.chunks.push(m.bytes);
    this.end += m.bytes.length;
  }

  get isComplete(): boolean {
    return this.end >= this.length;
  }

  /** Undefined unless what arrived is what its name says, and is the snapshot that was announced. */
  snapshot(group: GroupId, maxSessions: number): Snapshot | undefined {
    const whole = joined(this.chunks, this.end);
    if (sha256(whole) !== this.content) return undefined;
    const snapshot = readSnapshot(group, whole, maxSessions);
    return snapshot !== undefined && snapshot.index === this.index && snapshot.term === this.term ? snapshot : undefined;
  }

  image(): AssemblyImage {
    return { since: this.since, index: this.index, term: this.term, content: this.content, length: this.length, chunks: this.chunks.slice() };
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let end = 0;
  for (const chunk of chunks) {
    whole.set(chunk, end);
    end += chunk.length;
  }
  return whole;
}

const chunkCodec: Codec<Uint8Array> = { write: (w: Writer, chunk: Uint8Array): void => w.binary(chunk), read: (r: Reader): Uint8Array => r.binary(CHUNK_BYTES) };

export const assemblyCodec: Codec<AssemblyImage> = {
  write(w: Writer, a: AssemblyImage): void {
    w.array(6);
    w.uint(a.since);
    w.uint(a.index);
    w.uint(a.term);
    w.text(a.content);
    w.uint(a.length);
    w.list(chunkCodec, a.chunks);
  },
  read(r: Reader): AssemblyImage {
    r.tuple(6);
    return { since: r.uint(), index: r.uint(), term: r.uint(), content: readContentName(r), length: readContentLength(r), chunks: r.list(chunkCodec, MAX_LISTED) };
  },
};
