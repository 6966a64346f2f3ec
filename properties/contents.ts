// What leaders gave to their stores to be sent as snapshots, decoded from the bytes as they crossed the port.

import { CHUNK_BYTES, type Content } from '../kernel/content.ts';
import { sha256 } from '../kernel/base/hash.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { ServiceRequest } from '../kernel/event.ts';
import type { Parameters } from '../kernel/parameters.ts';
import { readSnapshot, type Snapshot } from '../kernel/raft/transfer.ts';

/** Contents remembered, over all nodes. */
const REMEMBERED = 48;

export interface Stored {
  readonly node: NodeId;
  /** The place in the node's journal of the event that led to it. */
  readonly sequence: number;
  readonly group: GroupId;
  /** Undefined if the bytes are no snapshot of the group. */
  readonly snapshot: Snapshot | undefined;
}

export interface ContentsReader {
  stored(stored: Stored, now: Micros): void;
}

export class Contents {
  private readonly maxSessions: number;
  private readonly readers: ContentsReader[] = [];
  private readonly bytes: Map<string, Uint8Array> = new Map();

  constructor(parameters: Parameters) {
    this.maxSessions = parameters.raft.maxSessions;
  }

  read(reader: ContentsReader): void {
    this.readers.push(reader);
  }

  called(node: NodeId, sequence: number, request: ServiceRequest, now: Micros): void {
    if (request.service !== 'content' || request.ask !== 'put' || this.readers.length === 0) return;
    const group = request.owner as GroupId;
    const stored: Stored = { node, sequence, group, snapshot: readSnapshot(group, this.remember(request.content), this.maxSessions) };
    for (const reader of this.readers) reader.stored(stored, now);
  }

  private remember(content: Content): Uint8Array {
    const bytes = content.bytes();
    const name = sha256(bytes);
    this.bytes.delete(name);
    this.bytes.set(name, bytes);
    for (const oldest of this.bytes.keys()) {
      if (this.bytes.size <= REMEMBERED) break;
      this.bytes.delete(oldest);
    }
    return bytes;
  }

  /** Is that the chunk at the offset? Undefined if nobody remembers the content. */
  isIntact(name: string, offset: number, chunk: Uint8Array): boolean | undefined {
    const bytes = this.bytes.get(name);
    if (bytes === undefined) return undefined;
    const whole = bytes.subarray(offset, offset + CHUNK_BYTES);
    return whole.length === chunk.length && whole.every((byte, place) => byte === chunk[place]);
  }
}
