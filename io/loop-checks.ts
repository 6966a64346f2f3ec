// Checked runs (rule 11): what should be immutable is frozen, and what is journalled passes through the codec first. The
// digests must be the same with and without.

import { assert } from '../kernel/base/assert.ts';
import { decode, encode, type Codec } from '../kernel/base/codec.ts';
import { Random } from '../kernel/base/random.ts';
import type { Event } from '../kernel/event.ts';
import { eventCodec } from '../kernel/event.ts';
import { kernelImageCodec, type KernelImage } from '../kernel/image.ts';
import { Kernel } from '../kernel/kernel.ts';

export interface Checked {
  /** Events and effects are frozen, deeply. */
  readonly freeze: boolean;
  /** Events are encoded and decoded before they are used. */
  readonly encode: boolean;
  /** After this event the kernel is replaced by its own image, passed through the codec; 0: never. */
  readonly restoreAt: number;
  /**
   * After this event the jitter of the kernel comes from another seed, whenever the event is folded: the journal of what might
   * have been as well. Never by itself; only a simulator that asks what else might have happened says so.
   */
  readonly stir?: Stir;
}

export interface Stir {
  readonly after: number;
  readonly seed: number;
}

export function stir(kernel: Kernel, { seed }: Stir): void {
  kernel.random = Random.of(seed, 'stirred', kernel.self);
}

/** For the reading of a journal that was stirred. */
export function stirring({ stir: wanted }: Checked): { seen?: (event: Event, effects: unknown, kernel: Kernel) => void } {
  if (wanted === undefined) return {};
  return { seen: (event, _effects, kernel) => {
    if (event.sequence === wanted.after) stir(kernel, wanted);
  } };
}

export const UNCHECKED: Checked = { freeze: false, encode: false, restoreAt: 0 };

/** Freezes a tree. What is frozen already was frozen from the leaves up. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || value instanceof Uint8Array) return value;
  for (const key of Object.keys(value)) freeze((value as Record<string, unknown>)[key]);
  return Object.freeze(value);
}

function passed<T>(codec: Codec<T>, value: T, maxBytes: number | undefined): T {
  const bytes = encode(codec, value);
  const decoded = decode(codec, bytes, maxBytes);
  assert(decoded.ok, 'what we encode can be decoded');
  const again = encode(codec, decoded.value);
  assert(again.length === bytes.length && again.every((byte, i) => byte === bytes[i]), 'a value has one encoding');
  return decoded.value;
}

export const eventPassed = (event: Event): Event => passed(eventCodec, event, undefined);

/** The same state, rebuilt from its bytes: nothing that it knows was left out on the way. */
export function kernelPassed(kernel: Kernel): Kernel {
  const image = kernel.image();
  const read = passed(kernelImageCodec, image, Number.MAX_SAFE_INTEGER);
  assert(holdsTheSame(read, image), 'the bytes of a state hold all of it');
  return rebuilt(read);
}

/** The same without the bytes, which are most of the work. */
export const kernelRebuilt = (kernel: Kernel): Kernel => rebuilt(kernel.image());

function rebuilt(image: KernelImage): Kernel {
  const restored = Kernel.restore(image);
  assert(holdsTheSame(restored.image(), image), 'a restored state is the one that was taken');
  return restored;
}

/** Whether two values say the same, however deep. */
export function holdsTheSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [first, second] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  const keys = Object.keys(first);
  return keys.length === Object.keys(second).length && keys.every((key) => Object.hasOwn(second, key) && holdsTheSame(first[key], second[key]));
}
