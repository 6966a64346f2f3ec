// Planted bugs of envelopes: what lets one in twice, or one that should not be let in.

import type { Mutant } from './mutant.ts';

const SEEN = 'kernel/swarm/seen.ts';
const SWARM = 'kernel/swarm/swarm.ts';

export const SWARM_MUTANTS: readonly Mutant[] = [
  {
    name: 'swarm/mark-stays',
    family: 'swarm',
    about: 'what left the window of a sender is taken for new when it comes again',
    edits: [{ file: SEEN, anchor: 'heard.low = heard.lamports[0] as number;', replacement: '' }],
  },
  {
    name: 'swarm/forgets-without-floor',
    family: 'swarm',
    about: 'a sender that was forgotten begins anew: all that it said is new once more',
    edits: [{ file: SEEN, anchor: 'this.floor = Math.max(this.floor, lamport);', replacement: '' }],
  },
  {
    name: 'swarm/senders-unbounded',
    family: 'swarm',
    about: 'no sender is ever forgotten, so anybody with many keys fills the memory',
    edits: [{ file: SEEN, anchor: 'if (this.senders.size > this.limits.senders) this.forgetOne();', replacement: '' }],
  },
  {
    name: 'swarm/two-at-once',
    family: 'swarm',
    about: 'a sender may say two things at one logical time',
    edits: [{ file: SEEN, anchor: "return heard.ids[place] === id ? 'duplicate' : 'equivocation';", replacement: "if (heard.ids[place] === id) return 'duplicate';" }, { file: SEEN, anchor: "return lamport <= heard.low ? 'replayed' : undefined;", replacement: "return place < 0 && lamport <= heard.low ? 'replayed' : undefined;" }],
  },
  {
    name: 'swarm/window-not-in-snapshot',
    family: 'swarm',
    about: 'after a start from a snapshot the latest envelope of each sender is new again',
    edits: [{ file: SEEN, anchor: 'ids: ids.slice() }));', replacement: 'ids: ids.map((id) => id.split("").reverse().join("")) }));' }],
  },
  {
    name: 'swarm/no-bound-ahead',
    family: 'swarm',
    about: 'whoever claims to be far ahead in logical time is believed',
    edits: [{ file: 'kernel/swarm/lamport.ts', anchor: 'heard > clock + MAX_AHEAD;', replacement: 'heard > clock + MAX_AHEAD * 1024;' }],
  },
  {
    name: 'swarm/never-stale',
    family: 'swarm',
    about: 'how old an envelope is does not matter',
    edits: [{ file: SWARM, anchor: "if (sentUs < ctx.wall - this.parameters.freshUs) return 'stale';", replacement: '' }],
  },
  {
    name: 'swarm/passes-on-refused',
    family: 'swarm',
    about: 'what breaks a rule of its kind is passed on before it is refused',
    edits: [{ file: SWARM, anchor: 'this.refuse(ctx, from, message.envelope.id, fault);', replacement: 'this.refuse(ctx, from, message.envelope.id, fault); if (from !== this.self) ctx.send(from, message);' }],
  },
  {
    name: 'swarm/heartbeat-at-ttl',
    family: 'swarm',
    about: 'a claim may promise its first heartbeat for when its lease has ended',
    edits: [{ file: 'kernel/swarm/claim.ts', anchor: 'claim.heartbeatIntervalMs < claim.leaseTtlMs', replacement: 'claim.heartbeatIntervalMs <= claim.leaseTtlMs' }],
  },
  {
    name: 'swarm/unknown-fields',
    family: 'swarm',
    about: 'a payload may hold fields that nobody knows',
    edits: [{ file: 'kernel/swarm/schema.ts', anchor: 'return map.size === inner.length ? (out as T) : unknownField;', replacement: 'return map.size >= inner.length ? (out as T) : unknownField;' }],
  },
];
