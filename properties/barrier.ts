// Nothing leaves a node before the event that caused it is on its disk (rule 4 of the loop): no frame, no call to a service;
// and no answer to a client before the request itself is on disk.

import type { Invocation, Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import type { Cause, RequestId, ServiceRequest } from '../kernel/event.ts';
import type { KernelImage } from '../kernel/image.ts';
import type { JournalReader, Journals } from './journals.ts';
import type { Wire, WireReader } from './wire.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

/** Requests remembered per client; a power of two. */
const REQUESTS = 256;

class Barrier extends Verdicts implements JournalReader, WireReader {
  private readonly journals: Journals;
  private readonly wire: Wire;
  /** Calls and answers. */
  private others = 0;
  /** By client, then by number: requests that some node has on disk, and when each was invoked. */
  private readonly asks: (Float64Array | undefined)[] = [];
  private readonly invokedAt: (Float64Array | undefined)[] = [];
  /** By node: when it last started. */
  private readonly started: Float64Array;

  constructor(run: RunView, from: Reconstruction) {
    super('barrier', run);
    this.journals = from.journals;
    this.journals.read(this);
    this.wire = from.wire;
    this.wire.read(this);
    this.started = new Float64Array(run.parameters.nodes + 1).fill(-1);
  }

  refolded(node: NodeId, _sequence: number, _high: number, _low: number, now: Micros): void {
    this.started[node] = now;
  }

  invoked(invocation: Invocation): void {
    let times = this.invokedAt[invocation.client];
    if (times === undefined) this.invokedAt[invocation.client] = times = new Float64Array(REQUESTS);
    times[invocation.number & (REQUESTS - 1)] = invocation.invokedAt;
  }

  /** What a gateway has open is on its disk. */
  goesOnFrom(images: readonly KernelImage[]): void {
    for (const image of images) for (const lane of image.gateway.lanes) for (const call of [...lane.submitted, ...lane.waiting, ...lane.reads]) this.isOnDisk(call.request);
  }

  asked(_node: NodeId, cause: Extract<Cause, { kind: 'request' }>): void {
    this.isOnDisk(cause.request);
  }

  private isOnDisk({ client, number }: RequestId): void {
    let asks = this.asks[client];
    if (asks === undefined) this.asks[client] = asks = new Float64Array(REQUESTS);
    const slot = number & (REQUESTS - 1);
    if (number > (asks[slot] as number)) asks[slot] = number;
  }

  protected override get checks(): number {
    return this.wire.frames + this.others;
  }

  leftEarly(frame: Frame, durable: number, now: Micros): void {
    this.early(frame.from, `a frame (${frame.message.kind})`, frame.sequence, durable, now);
  }

  called(node: NodeId, sequence: number, _index: number, request: ServiceRequest, now: Micros): void {
    this.others++;
    const durable = this.journals.durable(node);
    if (sequence > durable) this.early(node, `a call (${request.service})`, sequence, durable, now);
  }

  /** A node that refuses a request need not have taken it on; and what came before a restart may be on disk unseen. */
  replied(node: NodeId, request: RequestId, answer: Answer, now: Micros): void {
    if (answer.kind === 'refused') return;
    this.others++;
    const seen = this.asks[request.client]?.[request.number & (REQUESTS - 1)] ?? 0;
    const invokedAt = this.invokedAt[request.client]?.[request.number & (REQUESTS - 1)] ?? 0;
    if (seen >= request.number || invokedAt <= (this.started[node] as number)) return;
    this.violated(now, [node], `node ${node} answered a client before the request was on its disk`, [`request ${request.number} of client ${request.client}, answered "${answer.kind}"`]);
  }

  private early(node: NodeId, what: string, sequence: number, durable: number, now: Micros): void {
    this.violated(now, [node], `${what} left node ${node} before its cause was on disk: caused at journal place ${sequence}, durable up to ${durable}`, [], sequence);
  }
}

export const barrier: Property = {
  id: 'barrier',
  claim: 'No effect leaves a node before the event that caused it is durable',
  kind: 'safety',
  scope: 'local',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new Barrier(run, from)),
};
