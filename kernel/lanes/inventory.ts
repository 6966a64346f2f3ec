// Which GPUs this node has. The driver is asked at intervals through the `gpu` service; what it says, or that it does not
// answer, becomes facts. A driver that fails takes its devices with it; one that is silent leaves them as they were.

import type { Codec, Reader, Writer } from '../base/codec.ts';
import type { Micros } from '../base/time.ts';
import type { Context } from '../context.ts';
import type { GpuDevice, ServiceOutcome } from '../event.ts';
import { deviceCodec, MAX_DEVICES } from '../event.ts';

export interface InventoryImage {
  readonly devices: readonly GpuDevice[];
  readonly asked: number;
  readonly askedIndex: number;
}

export class Inventory {
  private readonly pollUs: Micros;
  private readonly slot: number;
  private devices: readonly GpuDevice[] = [];
  /** Journal sequence of the question that is open, 0 if none is. An answer to an older one is out of date. */
  private asked = 0;
  private askedIndex = 0;

  constructor(pollUs: Micros, slot: number) {
    this.pollUs = pollUs;
    this.slot = slot;
  }

  /** Whatever was asked before the crash is asked again. */
  recovered(ctx: Context): void {
    if (this.pollUs > 0) this.due(ctx);
  }

  due(ctx: Context): void {
    this.askedIndex = ctx.call({ service: 'gpu', ask: 'inventory' });
    this.asked = ctx.sequence;
    ctx.deadline(this.slot, ctx.at + this.pollUs);
  }

  answered(ctx: Context, sequence: number, index: number, outcome: ServiceOutcome): void {
    if (sequence !== this.asked || index !== this.askedIndex) return;
    this.asked = 0;
    if (outcome.kind === 'unknown') return;
    const now = outcome.kind === 'ok' && outcome.answer.service === 'gpu' ? outcome.answer.devices : [];
    for (const device of this.devices) if (!now.some((other) => other.id === device.id)) ctx.fact({ kind: 'gpuLost', device: device.id });
    for (const device of now) if (!this.devices.some((other) => other.id === device.id)) ctx.fact({ kind: 'gpuFound', device: device.id, memoryMb: device.memoryMb });
    this.devices = now;
  }

  image(): InventoryImage {
    return { devices: this.devices, asked: this.asked, askedIndex: this.askedIndex };
  }

  restore(image: InventoryImage): void {
    this.devices = image.devices;
    this.asked = image.asked;
    this.askedIndex = image.askedIndex;
  }
}

export const inventoryImageCodec: Codec<InventoryImage> = {
  write(w: Writer, image: InventoryImage): void {
    w.array(3);
    w.list(deviceCodec, image.devices);
    w.uint(image.asked);
    w.uint(image.askedIndex);
  },
  read(r: Reader): InventoryImage {
    r.tuple(3);
    return { devices: r.list(deviceCodec, MAX_DEVICES), asked: r.uint(), askedIndex: r.uint() };
  },
};
