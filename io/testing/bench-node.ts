// One node on a bench: a real loop and kernel over a memory disk and a clock that the test moves. What leaves it is recorded.

import { groupId, nodeId, type NeedId, type ProposalId } from '../../kernel/base/ids.ts';
import { MS, NEVER, type Micros } from '../../kernel/base/time.ts';
import { bucketOf } from '../../kernel/decide/record.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { Event, RequestId } from '../../kernel/event.ts';
import type { Fact } from '../../kernel/fact.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, SWARM_DEFAULTS, type Parameters } from '../../kernel/parameters.ts';
import { Loop } from '../loop.ts';
import { LOOP_DEFAULTS, type LoopOptions } from '../loop-options.ts';
import type { CrashPoint, DropReason, Frame, Ports, Shadow } from '../ports.ts';
import type { MemoryDisk } from './memory-disk.ts';

export const PARAMETERS: Parameters = {
  network: 'bench', nodes: 1, groups: [{ id: groupId(0), voters: [nodeId(1)] }],
  raft: RAFT_DEFAULTS, decide: DECIDE_DEFAULTS, swarm: SWARM_DEFAULTS, gpuPollUs: 0, followsParent: false, planSyncUs: 0,
};

export class BenchNode {
  readonly disk: MemoryDisk;
  readonly options: LoopOptions;
  loop: Loop;
  time: Micros = 1_000_000;
  wakeAt: Micros = NEVER;
  readonly sent: Frame[] = [];
  readonly replies: { readonly request: RequestId; readonly answer: Answer }[] = [];
  readonly calls: string[] = [];
  readonly dropped: DropReason[] = [];
  readonly facts: Fact[] = [];
  readonly durable: Event[] = [];
  /** Digest after each sequence that ended a batch. */
  readonly digests: Map<number, string> = new Map();
  refolded: { readonly sequence: number; readonly digest: string } | undefined;
  /** Throws a crash at this point, once it has been passed `crashAfter` times. */
  crashAt: CrashPoint | undefined;
  crashAfter = 0;
  private entropy = 1;
  private readonly shadow: Shadow | undefined;

  constructor(disk: MemoryDisk, options: Partial<LoopOptions> = {}, shadow?: Shadow) {
    this.disk = disk;
    this.shadow = shadow;
    this.options = { ...LOOP_DEFAULTS, self: nodeId(1), parameters: PARAMETERS, version: 'v1', engine: 'test', ...options };
    this.loop = this.made();
  }

  /** A new process over the same disk. */
  restart(options: Partial<LoopOptions> = {}): void {
    Object.assign(this.options, options);
    this.wakeAt = NEVER;
    this.loop = this.made();
    this.start();
  }

  start(): void {
    this.loop.start();
    this.settle();
  }

  /** Works until nothing more happens at this time. */
  settle(): void {
    for (;;) {
      if (this.loop.hasWork) this.loop.turn();
      else if (this.disk.pending > 0) this.disk.complete();
      else return;
    }
  }

  /** Moves the clock, stopping wherever the loop asked to be woken. */
  pass(span: Micros): void {
    const end = this.time + span;
    while (this.wakeAt <= end) {
      this.time = Math.max(this.time, this.wakeAt);
      this.wakeAt = NEVER;
      this.loop.alarm();
      this.settle();
    }
    this.time = end;
  }

  decide(number: number): void {
    const need = `0/need-${number}` as NeedId;
    this.loop.asked({ client: 1, number }, { kind: 'decide', need, bucket: bucketOf(need), proposal: `p-${number}` as ProposalId, kPlan: 1 });
  }

  /** Elects itself and decides this many needs. */
  work(decisions: number, from = 0): void {
    this.pass(2_000 * MS);
    this.decideAll(decisions, from);
  }

  decideAll(decisions: number, from: number): void {
    for (let i = 0; i < decisions; i++) {
      this.decide(from + i);
      this.settle();
      this.pass(5 * MS);
    }
  }

  private made(): Loop {
    const loop = new Loop(this.options, this.ports());
    this.disk.deliver = (token, result): void => loop.completed(token, result);
    return loop;
  }

  private ports(): Ports {
    return {
      ...(this.shadow === undefined ? {} : { shadow: this.shadow }),
      network: { send: (frame): void => void this.sent.push(frame) },
      clock: { now: (): Micros => this.time, wall: (): Micros => 1_700_000_000_000_000 + this.time, wakeAt: (at): void => void (this.wakeAt = at) },
      disk: this.disk,
      entropy: { word: (): number => Math.imul(this.entropy++, 0x9e3779b1) },
      services: { call: (sequence, index, request): void => void this.calls.push(`${sequence}.${index} ${request.service}`) },
      clients: { reply: (request, answer): void => void this.replies.push({ request, answer }) },
      verifier: { verify: (): boolean => true },
      observer: {
        passed: (point): void => this.pointPassed(point),
        dropped: (why): void => void this.dropped.push(why),
        fact: (fact): void => void this.facts.push(fact),
        durable: (events, high, low): void => {
          this.durable.push(...events);
          this.digests.set((events[events.length - 1] as Event).sequence, `${high} ${low}`);
        },
        refolded: (sequence, high, low): void => void (this.refolded = { sequence, digest: `${high} ${low}` }),
      },
    };
  }

  private pointPassed(point: CrashPoint): void {
    if (point !== this.crashAt || this.crashAfter-- > 0) return;
    this.crashAt = undefined;
    throw new Error(`crash: ${point}`);
  }
}
