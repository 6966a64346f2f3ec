// Answers the kernel's calls: to the signer and to the GPU driver; the content store answers for itself. Every call is answered
// once, never inside `call`, and in time: what is not known by then is `unknown`, which the kernel knows how to live with.

import { clipped } from '../../kernel/base/codec.ts';
import type { ContentRequest } from '../../kernel/content.ts';
import { MAX_REASON_BYTES, type ServiceOutcome, type ServiceRequest } from '../../kernel/event.ts';
import type { ContentStore, Gpu, Services } from '../ports.ts';

/** Signs a text. One that keeps its key elsewhere may take its time, or fail. */
export interface Signer {
  sign(text: string): string | Promise<string>;
}

export type Answered = (sequence: number, index: number, outcome: ServiceOutcome) => void;

export interface ServicesOptions {
  readonly timeoutMs: number;
}

export const SERVICES_DEFAULTS: ServicesOptions = { timeoutMs: 10_000 };

export class LiveServices implements Services {
  private readonly signer: Signer;
  private readonly gpu: Gpu;
  private readonly content: ContentStore;
  private readonly answered: Answered;
  private readonly timeoutMs: number;
  private stopped = false;

  constructor(signer: Signer, gpu: Gpu, content: ContentStore, answered: Answered, options: ServicesOptions = SERVICES_DEFAULTS) {
    this.signer = signer;
    this.gpu = gpu;
    this.content = content;
    this.answered = answered;
    this.timeoutMs = options.timeoutMs;
  }

  call(sequence: number, index: number, request: ServiceRequest): void {
    if (request.service === 'content') return this.content.call(sequence, index, request);
    let settled = false;
    const settle = (outcome: ServiceOutcome): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      if (!this.stopped) this.answered(sequence, index, outcome);
    };
    const timer = setTimeout(() => settle({ kind: 'unknown' }), this.timeoutMs);
    timer.unref();
    this.ask(request).then(settle, (fault: unknown) => settle(outcomeOf(fault)));
  }

  private async ask(request: Exclude<ServiceRequest, ContentRequest>): Promise<ServiceOutcome> {
    // A step is over before anything that it asked for begins.
    await Promise.resolve();
    if (request.service === 'signer') return { kind: 'ok', answer: { service: 'signer', signature: await this.signer.sign(request.bytes) } };
    return { kind: 'ok', answer: { service: 'gpu', devices: await this.gpu.inventory() } };
  }

  /** From here on nothing is answered: the loop has stopped. */
  stop(): void {
    this.stopped = true;
  }
}

/** A fault that says it does not know whether the thing happened is `unknown`; any other is a failure with a reason. */
function outcomeOf(fault: unknown): ServiceOutcome {
  if ((fault as { readonly kind?: unknown }).kind === 'silent') return { kind: 'unknown' };
  return { kind: 'failed', reason: clipped(String((fault as Error).message ?? fault), MAX_REASON_BYTES) };
}
