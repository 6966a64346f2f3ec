// A simulated parent chain, as its clients see it: blocks with short-lived forks, and finality some blocks behind the best
// one. The port reports final heads only, in order, and again from a little earlier after a node restarts or an outage ends.
// Forks are settled before finality; an equivocating provider may claim a second final head, which nodes must refuse.

import { assert } from '../../kernel/base/assert.ts';
import { digestText, finish, mix, mixUint } from '../../kernel/base/digest.ts';
import { Random } from '../../kernel/base/random.ts';
import { MS, SECOND, type Micros } from '../../kernel/base/time.ts';

export interface Head {
  readonly number: number;
  readonly hash: string;
  readonly parent: string;
}

export interface ParentWorld {
  readonly now: Micros;
  parentHeadAt(at: Micros, node: number, head: Head): void;
}

export const BLOCK_EVERY_US: Micros = SECOND;
/** A block is final when so many stand on it. */
const FINAL_AFTER = 3;
/** Final heads that a provider can still serve. */
const SERVED = 32;

export class ParentChain {
  reorganisations = 0;
  equivocations = 0;
  withheld = 0;
  /** While true, forks of up to FINAL_AFTER blocks replace what is not final. */
  unstable = false;

  private readonly world: ParentWorld;
  private random: Random;
  private readonly followers: number;
  /** The best chain; what is `FINAL_AFTER` blocks deep or more is final. */
  private readonly best: Head[];
  private readonly out: boolean[];
  /** The number of the last final head that was reported to each node. */
  private readonly reported: number[];
  private fork = 0;

  constructor(world: ParentWorld, seed: number, nodes: number) {
    this.world = world;
    this.random = Random.of(seed, 'parent');
    this.followers = nodes;
    this.best = [{ number: 0, hash: this.hashOf(0, 'genesis'), parent: '' }];
    this.out = Array.from({ length: nodes + 1 }, () => false);
    this.reported = Array.from({ length: nodes + 1 }, () => -1);
  }

  reroll(seed: number): void {
    this.random = Random.of(seed, 'parent');
  }

  private get final(): number {
    return this.last.number - FINAL_AFTER;
  }

  private get last(): Head {
    return this.best[this.best.length - 1] as Head;
  }

  private hashOf(number: number, parent: string): string {
    let h = mixUint(mix(this.fork, 0x7061), number);
    for (let i = 0; i < parent.length; i++) h = mix(h, parent.charCodeAt(i));
    return `0x${digestText(finish(h), finish(mix(h, 1)))}`;
  }

  private extend(): void {
    const parent = this.last;
    const number = parent.number + 1;
    this.best.push({ number, hash: this.hashOf(number, parent.hash), parent: parent.hash });
    if (this.best.length > SERVED + FINAL_AFTER) this.best.shift();
  }

  /** One block later. */
  tick(): void {
    if (this.unstable && this.best.length > FINAL_AFTER && this.random.below(3) === 0) this.reorganise();
    this.extend();
    for (let node = 1; node <= this.followers; node++) this.report(node);
  }

  private reorganise(): void {
    const depth = 1 + this.random.below(FINAL_AFTER - 1);
    const length = this.best.length;
    const before = this.final;
    this.best.length = length - depth;
    this.fork++;
    for (let i = 0; i < depth; i++) this.extend();
    assert(this.final === before, 'what was final stays final');
    this.reorganisations++;
  }

  private report(node: number): void {
    if (this.out[node] === true) {
      this.withheld++;
      return;
    }
    for (const head of this.best) {
      if (head.number <= (this.reported[node] as number) || head.number > this.final) continue;
      this.reported[node] = head.number;
      this.world.parentHeadAt(this.arrival(), node, head);
    }
  }

  /** All heads of one moment arrive in order: they share the connection, so a later one is not drawn a shorter way. */
  private arrival(): Micros {
    return this.world.now + 20 * MS;
  }

  /** A node starts (again): its provider tells the last final heads once more. */
  follow(node: number): void {
    this.reported[node] = Math.max(-1, this.final - SERVED);
    if (this.out[node] !== true) this.report(node);
  }

  /** The provider of a node goes silent, or is back. */
  outage(node: number, out: boolean): void {
    this.out[node] = out;
    if (!out) this.report(node);
  }

  /** The provider of a node claims that another block is final at a height that was final before. */
  equivocate(node: number): boolean {
    const known = this.best.find((head) => head.number === (this.reported[node] as number));
    if (known === undefined || known.number < 1) return false;
    this.equivocations++;
    const hash = this.hashOf(known.number, `${known.parent} other`);
    this.world.parentHeadAt(this.arrival(), node, { number: known.number, hash, parent: known.parent });
    return true;
  }
}
