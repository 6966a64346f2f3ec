// The content store of one simulated machine. It outlives the process. A store that is broken fails, says that it does not know
// whether it did what it was asked, is late, or says nothing; what it keeps is lost or damaged, which it finds out when it reads,
// or never does: then only the hash shows it.

import { chunkLength, isChunkOffset, MAX_CONTENT_BYTES, type ContentAnswer, type ContentRequest } from '../../kernel/content.ts';
import { sha256 } from '../../kernel/base/hash.ts';
import { Random } from '../../kernel/base/random.ts';
import { MS, type Micros } from '../../kernel/base/time.ts';
import type { ServiceOutcome } from '../../kernel/event.ts';
import type { ContentStore } from '../ports.ts';

export interface ContentWorld {
  readonly now: Micros;
  outcomeAt(delayUs: Micros, node: number, sequence: number, index: number, outcome: ServiceOutcome): void;
}

interface Kept {
  readonly content: string;
  /** Another array if it is damaged and nobody knows. */
  bytes: Uint8Array;
  damaged: boolean;
  /** Until then a crash may take it away. */
  readonly underWayUntil: Micros;
}

export const SIM_STORE_BYTES: number = 64 * 1024 * 1024;
const ASK_US: Micros = 150;
const SYNC_US: Micros = 900;
const US_PER_KIB = 4;
const MOST_LATE_US: Micros = 400 * MS;

export class SimContent implements ContentStore {
  /** While it is broken: per mille of requests that fail, that may have failed, that nobody answers, and that are late. */
  brokenPerMille = 0;
  /** Per mille of contents that are lost or damaged after they were put. */
  rotPerMille = 0;
  failures = 0;
  rotted = 0;

  private readonly world: ContentWorld;
  private readonly node: number;
  private readonly maxBytes: number;
  private readonly random: Random;
  private readonly kept: Map<number, Kept> = new Map();

  constructor(world: ContentWorld, seed: number, node: number, maxBytes: number = SIM_STORE_BYTES) {
    this.world = world;
    this.node = node;
    this.maxBytes = maxBytes;
    this.random = Random.of(seed, 'content', node);
  }

  call(sequence: number, index: number, request: ContentRequest): void {
    const bytes = request.ask === 'put' ? request.content.bytes() : undefined;
    const delay = ASK_US + this.random.below(ASK_US) + (bytes === undefined ? 0 : SYNC_US + Math.floor((bytes.length * US_PER_KIB) / 1024));
    const draw = this.brokenPerMille === 0 ? 4_000 : this.random.below(4_000);
    const how = draw < 4 * this.brokenPerMille ? draw % 4 : 4;
    if (how < 4) this.failures++;
    const answer = (outcome: ServiceOutcome, late: Micros = 0): void => this.world.outcomeAt(delay + late, this.node, sequence, index, outcome);
    if (how === 0) return answer({ kind: 'failed', reason: 'the store does not answer' });
    if (how === 1 && this.random.below(2) === 0) return answer({ kind: 'unknown' });
    const outcome = this.handled(request, bytes, this.world.now + delay);
    if (how === 1) return answer({ kind: 'unknown' });
    if (how !== 2) answer(outcome, how === 3 ? this.random.below(MOST_LATE_US) : 0);
  }

  private handled(request: ContentRequest, bytes: Uint8Array | undefined, doneAt: Micros): ServiceOutcome {
    switch (request.ask) {
      case 'put':
        return this.put(request.owner, bytes as Uint8Array, doneAt);
      case 'get':
        return this.get(request.content, request.offset);
      case 'has': {
        const kept = this.find(request.content);
        return ok(kept === undefined ? { service: 'content', is: 'absent', why: 'missing' } : { service: 'content', is: 'held', length: kept.bytes.length });
      }
      case 'drop':
        this.kept.delete(request.owner);
        return ok({ service: 'content', is: 'dropped' });
    }
  }

  private put(owner: number, bytes: Uint8Array, doneAt: Micros): ServiceOutcome {
    if (bytes.length === 0 || bytes.length > MAX_CONTENT_BYTES) return { kind: 'failed', reason: `a content has 1 to ${MAX_CONTENT_BYTES} bytes, this one ${bytes.length}` };
    let held = bytes.length;
    for (const [other, kept] of this.kept) if (other !== owner) held += kept.bytes.length;
    if (held > this.maxBytes) return { kind: 'failed', reason: `no room for ${bytes.length} bytes: contents take ${this.maxBytes} at most` };
    const kept: Kept = { content: sha256(bytes), bytes, damaged: false, underWayUntil: doneAt };
    this.kept.set(owner, kept);
    if (this.rotPerMille > 0 && this.random.below(1_000) < this.rotPerMille) this.rot(owner, kept);
    return ok({ service: 'content', is: 'stored', content: kept.content, length: bytes.length });
  }

  private get(content: string, offset: number): ServiceOutcome {
    const kept = this.find(content);
    if (kept === undefined) return ok({ service: 'content', is: 'absent', why: 'missing' });
    if (!isChunkOffset(kept.bytes.length, offset)) return { kind: 'failed', reason: `no chunk begins at ${offset} of ${kept.bytes.length}` };
    if (kept.damaged) return ok({ service: 'content', is: 'absent', why: 'damaged' });
    return ok({ service: 'content', is: 'chunk', bytes: kept.bytes.slice(offset, offset + chunkLength(kept.bytes.length, offset)) });
  }

  private find(content: string): Kept | undefined {
    for (const kept of this.kept.values()) if (kept.content === content) return kept;
    return undefined;
  }

  private rot(owner: number, kept: Kept): void {
    this.rotted++;
    const how = this.random.below(3);
    if (how === 0) this.kept.delete(owner);
    else if (how === 1) kept.damaged = true;
    else {
      kept.bytes = kept.bytes.slice();
      const place = this.random.below(kept.bytes.length);
      kept.bytes[place] = (kept.bytes[place] as number) ^ (1 << this.random.below(3));
    }
  }

  /** Something of all that it keeps is lost or damaged. */
  strike(): void {
    const owners = [...this.kept.keys()];
    if (owners.length === 0) return;
    const owner = this.random.pick(owners);
    this.rot(owner, this.kept.get(owner) as Kept);
  }

  /** It turns out when it is read. */
  damage(content: string): void {
    const kept = this.find(content);
    if (kept !== undefined) kept.damaged = true;
  }

  /** The machine goes down: what was being stored may be there afterwards, or not. */
  crash(): void {
    for (const [owner, kept] of this.kept) if (kept.underWayUntil > this.world.now && this.random.below(2) === 0) this.kept.delete(owner);
  }

  /** The disk is another one. */
  wipe(): void {
    this.kept.clear();
  }
}

const ok = (answer: ContentAnswer): ServiceOutcome => ({ kind: 'ok', answer });
