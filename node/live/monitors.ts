// Properties at work on a live node: those that one node can judge of itself are shown what crosses its ports, as they are in
// the simulator. They judge; what follows from a violation is for people to decide.

import type { Evidence, Judgement, Property, RunView, Violation, Watch } from '../../io/sim/evidence.ts';
import type { Frame, Network } from '../../io/ports.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { Event, RequestId, ServiceRequest } from '../../kernel/event.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import { properties } from '../../properties/all.ts';

interface Monitor {
  readonly property: Property;
  readonly watch: Watch;
}

export class Monitors {
  private readonly self: NodeId;
  private readonly now: () => Micros;
  private readonly monitors: readonly Monitor[];
  private readonly sinks: readonly Evidence[];

  /** `violated` is told of the first violation of each property. */
  constructor(self: NodeId, parameters: Parameters, now: () => Micros, violated: (property: string, violation: Violation) => void) {
    this.self = self;
    this.now = now;
    const heardFirst: Evidence[] = [];
    const run: RunView = { seed: 0, scenario: 'live', parameters, livenessBoundUs: 10 * parameters.raft.electionMaxUs, listen: (evidence) => void heardFirst.push(evidence), violated };
    this.monitors = properties.filter((property) => property.scope === 'local').map((property) => ({ property, watch: property.watch(run) }));
    this.sinks = [...heardFirst, ...this.monitors.map((monitor) => monitor.watch)];
  }

  judgements(): Readonly<Record<string, Judgement>> {
    return Object.fromEntries(this.monitors.map(({ property, watch }) => [property.id, watch.judge()]));
  }

  /** The same network, watched. */
  watching(network: Network): Network {
    return {
      send: (frame: Frame): void => {
        const now = this.now();
        for (const sink of this.sinks) sink.sent?.(frame, now, now);
        network.send(frame);
      },
    };
  }

  durable(events: readonly Event[], high: number, low: number): void {
    const now = this.now();
    for (const sink of this.sinks) sink.durable?.(this.self, events, high, low, now);
  }

  refolded(sequence: number, high: number, low: number): void {
    const now = this.now();
    for (const sink of this.sinks) sink.refolded?.(this.self, sequence, high, low, now);
  }

  /** The shadow has folded the journal up to `sequence`, to the same state or to another. */
  shadowed(sequence: number, same: boolean): void {
    const now = this.now();
    for (const sink of this.sinks) sink.shadowed?.(this.self, sequence, same, now);
  }

  called(sequence: number, index: number, request: ServiceRequest): void {
    const now = this.now();
    for (const sink of this.sinks) sink.called?.(this.self, sequence, index, request, now);
  }

  replied(request: RequestId, answer: Answer): void {
    const now = this.now();
    for (const sink of this.sinks) sink.replied?.(this.self, request, answer, now);
  }
}
