// What the actors of a run publish. Honest ones sign what keeps all rules, count logical time as they should, learn it from the
// answers, and say again what nobody answered. Among them are those who do not: they replay, run ahead, say two things at one
// moment, break rules and forms, and sign for others.

import { nodeId, type NodeId } from '../kernel/base/ids.ts';
import { Random } from '../kernel/base/random.ts';
import { SECOND, type Micros } from '../kernel/base/time.ts';
import { draftOf, genesisOf, type Draft, type Head } from '../kernel/swarm/envelope.ts';
import { afterHearing, MAX_AHEAD, tick } from '../kernel/swarm/lamport.ts';
import type { Kind } from '../kernel/swarm/payload.ts';
import type { EnvelopePlan } from '../io/sim/run-file.ts';
import type { Publishers } from '../io/sim/publishers.ts';
import { WALL_ORIGIN } from '../io/sim/clock.ts';
import type { Scheme } from '../io/sim/scheme.ts';
import { anyKind, BROKEN, writtenPayload } from '../kernel/swarm/testing/samples.ts';

export interface EnvelopesWorld {
  readonly seed: number;
  readonly now: Micros;
  readonly parameters: { readonly network: string; readonly nodes: number };
  readonly publishers: Publishers;
  readonly scheme: Scheme;
  at(time: Micros, task: () => void): void;
}

interface Actor {
  readonly number: number;
  readonly key: string;
  lamport: number;
}

const REMEMBERED = 512;
const ZEROS = '0'.repeat(64);
const MISCHIEF = ['farAhead', 'ahead', 'stale', 'future', 'twoAtOnce', 'brokenRule', 'cut', 'flipped', 'otherKey', 'otherNetwork', 'unknownKind'] as const;

export class Envelopes {
  private readonly world: EnvelopesWorld;
  private readonly plan: EnvelopePlan;
  private readonly genesis: string;
  private readonly actors: readonly Actor[];
  private random: Random;
  /** Some of what was published, for those who say it again. */
  private readonly past: Uint8Array[] = [];
  private count = 0;
  private running = true;

  constructor(world: EnvelopesWorld, plan: EnvelopePlan) {
    this.world = world;
    this.plan = plan;
    this.genesis = genesisOf(world.parameters.network);
    this.actors = Array.from({ length: plan.actors }, (_, number) => ({ number, key: world.scheme.keyOf(number), lamport: 0 }));
    this.random = Random.of(world.seed, 'envelopes');
  }

  reroll(seed: number): void {
    this.random = Random.of(seed, 'envelopes');
  }

  start(): void {
    const mean = Math.max(2, Math.floor(1_000_000_000 / this.plan.per1000s));
    const again = (): void => {
      if (!this.running) return;
      this.act();
      this.world.at(this.world.now + 1 + this.random.below(2 * mean), again);
    };
    this.world.at(SECOND, again);
  }

  stop(): void {
    this.running = false;
  }

  private act(): void {
    const draw = this.random.below(1_000);
    if (draw < this.plan.againPerMille && this.past.length > 0) return this.publish(this.random.pick(this.past), this.node());
    const actor = this.random.pick(this.actors);
    if (draw < this.plan.againPerMille + this.plan.mischiefPerMille) return this.misbehave(actor);
    const kind = anyKind(this.random);
    actor.lamport = tick(actor.lamport);
    this.say(actor, this.draft(actor, kind, writtenPayload(kind, this.random)), actor);
  }

  private misbehave(actor: Actor): void {
    const kind = anyKind(this.random);
    const payload = writtenPayload(kind, this.random);
    const how = this.random.pick(MISCHIEF);
    actor.lamport = tick(actor.lamport);
    switch (how) {
      case 'farAhead':
        return this.say(actor, this.draft(actor, kind, payload, { lamport: actor.lamport + MAX_AHEAD * this.random.pick([1, 2, 900]) + 5_000 }));
      case 'ahead':
        actor.lamport += this.random.below(this.random.pick([10, 300, 300, MAX_AHEAD - 10_000]));
        return this.say(actor, this.draft(actor, kind, payload), actor);
      case 'stale':
        return this.say(actor, this.draft(actor, kind, payload, { tsNs: this.ns(-this.plan.swarm.freshUs - this.random.below(20 * SECOND)) }));
      case 'future':
        return this.say(actor, this.draft(actor, kind, payload, { tsNs: this.ns(this.plan.swarm.aheadUs + this.random.below(20 * SECOND)) }));
      case 'twoAtOnce':
        this.say(actor, this.draft(actor, kind, payload), actor);
        return this.say(actor, this.draft(actor, kind, payload), actor);
      case 'brokenRule': {
        const broken = this.random.pick(BROKEN);
        const ofKind = broken.kind === 'any' ? kind : broken.kind;
        return this.say(actor, this.draft(actor, ofKind, broken.change(writtenPayload(ofKind, this.random))));
      }
      case 'cut': {
        const bytes = this.seal(actor, this.draft(actor, kind, payload));
        return this.publish(bytes.slice(0, this.random.below(bytes.length)), this.node());
      }
      case 'flipped': {
        const bytes = this.seal(actor, this.draft(actor, kind, payload));
        const place = this.random.below(bytes.length);
        bytes[place] = (bytes[place] as number) ^ (1 << this.random.below(8));
        return this.publish(bytes, this.node());
      }
      case 'otherKey': {
        const draft = this.draft(actor, kind, payload);
        return this.publish(draft.sealedBy(this.world.scheme.signAs(actor.number + 1, draft.signed)), this.node());
      }
      case 'otherNetwork': {
        const draft = draftOf(genesisOf('another network'), this.head(actor), kind, payload);
        return this.publish(this.seal(actor, draft), this.node());
      }
      case 'unknownKind':
        return this.publish(this.seal(actor, draftOf(this.genesis, this.head(actor), 'PRAISE', payload)), this.node());
    }
  }

  private head(actor: Actor): Head {
    this.count++;
    const hash = this.count.toString(16).padStart(64, '0');
    return {
      threadId: `thread-${this.random.below(8)}`, lamport: actor.lamport, tsNs: this.ns(0), sender: actor.key,
      policyEngineHash: ZEROS, policyCapsuleHash: ZEROS, policyEvalDigest: hash, traceId: hash.slice(32), nonce: hash.slice(32),
    };
  }

  private draft(actor: Actor, kind: Kind, payload: Parameters<typeof draftOf>[3], other: Partial<Head> = {}): Draft {
    return draftOf(this.genesis, { ...this.head(actor), ...other }, kind, payload);
  }

  private ns(offsetUs: Micros): bigint {
    return BigInt(WALL_ORIGIN + this.world.now + offsetUs) * 1_000n;
  }

  private seal(actor: Actor, draft: Draft): Uint8Array {
    return draft.sealedBy(this.world.scheme.signAs(actor.number, draft.signed));
  }

  private say(actor: Actor, draft: Draft, learns?: Actor): void {
    const bytes = this.seal(actor, draft);
    if (this.past.length < REMEMBERED) this.past.push(bytes);
    else this.past[this.random.below(REMEMBERED)] = bytes;
    this.publish(bytes, this.node(), learns);
  }

  private publish(bytes: Uint8Array, node: NodeId, learns?: Actor): void {
    this.world.publishers.publish(node, bytes, (answer) => {
      if (learns !== undefined && (answer.kind === 'published' || answer.kind === 'envelopeRefused')) learns.lamport = afterHearing(learns.lamport, answer.lamport);
    });
  }

  private node(): NodeId {
    return nodeId(1 + this.random.below(this.world.parameters.nodes));
  }
}
