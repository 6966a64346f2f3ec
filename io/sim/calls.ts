// The services of one simulated machine: a signer that holds its key, a driver that lists its GPUs, and a content store. Each
// call is answered once or never; a driver may fail or say nothing, devices fall off the bus and come back, and an answer may
// get lost on its way though what was asked was done.

import { nodeId } from '../../kernel/base/ids.ts';
import { Random } from '../../kernel/base/random.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { GpuDevice, ServiceOutcome, ServiceRequest } from '../../kernel/event.ts';
import type { Services } from '../ports.ts';
import type { ContentWorld, SimContent } from './content.ts';
import type { Scheme } from './scheme.ts';

export type ServicesWorld = ContentWorld;

const GPU_MEMORY_MB = 81_920;
const SIGN_US = 30;
const LATE_US: Micros = 2_500_000;

export class SimServices implements Services {
  /** While the driver is broken: per mille of calls that fail, and as many again that are never answered. */
  brokenPerMille = 0;
  /** Per mille of calls of which nobody knows what came of them, though they were done. */
  doubtPerMille = 0;
  /** Calls that failed or were never answered, and devices that were lost. */
  failures = 0;
  losses = 0;
  doubts = 0;
  readonly content: SimContent;

  private readonly world: ServicesWorld;
  private readonly node: number;
  private readonly scheme: Scheme;
  private random: Random;
  private readonly devices: readonly GpuDevice[];
  private readonly present: boolean[];

  constructor(world: ServicesWorld, seed: number, node: number, scheme: Scheme, content: SimContent) {
    this.world = world;
    this.content = content;
    this.node = node;
    this.scheme = scheme;
    this.random = Random.of(seed, 'services', node);
    const count = this.random.between(1, 4);
    this.devices = Array.from({ length: count }, (_, place) => ({ id: `gpu-${node}-${place}`, memoryMb: GPU_MEMORY_MB, usedMb: 0 }));
    this.present = this.devices.map(() => true);
  }

  reroll(seed: number): void {
    this.random = Random.of(seed, 'services', this.node);
  }

  call(sequence: number, index: number, request: ServiceRequest): void {
    if (request.service === 'signer') {
      const signature = this.scheme.sign(nodeId(this.node), request.bytes);
      return this.answer(SIGN_US, sequence, index, { kind: 'ok', answer: { service: 'signer', signature } });
    }
    if (request.service === 'content') return this.content.call(sequence, index, request);
    const delay = this.random.between(500, 20_000);
    const draw = this.brokenPerMille === 0 ? 1_000 : this.random.below(1_000);
    if (draw < 2 * this.brokenPerMille) {
      this.failures++;
      if (draw < this.brokenPerMille) this.world.outcomeAt(delay, this.node, sequence, index, { kind: 'failed', reason: 'driver not loaded' });
      return;
    }
    this.answer(delay, sequence, index, { kind: 'ok', answer: { service: 'gpu', devices: this.reading() } });
  }

  /** Done; in doubt it is said that nobody knows, or that it failed, or it is said too late for whoever has asked again. */
  private answer(delay: Micros, sequence: number, index: number, outcome: ServiceOutcome): void {
    if (this.doubtPerMille === 0 || this.random.below(1_000) >= this.doubtPerMille) return this.world.outcomeAt(delay, this.node, sequence, index, outcome);
    this.doubts++;
    const how = this.random.below(3);
    if (how === 0) this.world.outcomeAt(delay + LATE_US, this.node, sequence, index, outcome);
    else this.world.outcomeAt(delay, this.node, sequence, index, how === 1 ? { kind: 'unknown' } : { kind: 'failed', reason: 'connection lost' });
  }

  private reading(): GpuDevice[] {
    return this.devices
      .filter((_, place) => this.present[place] === true)
      .map((device) => ({ id: device.id, memoryMb: device.memoryMb, usedMb: this.random.below(device.memoryMb) }));
  }

  /** A device falls off the bus. */
  lose(): void {
    const place = this.random.below(this.devices.length);
    if (this.present[place] === true) this.losses++;
    this.present[place] = false;
  }

  /** Every device is back. */
  find(): void {
    this.present.fill(true);
  }
}
