// Which rare things a run reached at least once: kinds of facts, points of the loop that were passed, reasons for dropping,
// kinds of answers. A sweep whose marks stay missed does not test what it seems to test.

import type { Answer } from '../../kernel/effect.ts';
import type { Fact } from '../../kernel/fact.ts';
import type { CrashPoint, DropReason } from '../ports.ts';

const FACTS: readonly Fact['kind'][] = [
  'becameLeader', 'steppedDown', 'decided', 'sessionOpened', 'sessionExpired', 'snapshotInstalled', 'chunkResent', 'snapshotChanged', 'snapshotResumed', 'contentDamaged', 'contentLost', 'epochAdvanced', 'peerRefused', 'refusedByPeer', 'refusalIgnored',
  'configured', 'handingOver', 'rested', 'woke',
  'parentFinalised', 'parentRefused', 'gpuLost', 'gpuFound', 'envelopeAccepted', 'envelopeRefused', 'envelopeRefusedBy',
];
const POINTS: readonly CrashPoint[] = [
  'beforeAppend', 'afterAppend', 'afterStep', 'beforeSync', 'beforeRelease', 'halfwayReleasing', 'afterRelease', 'duringRecovery', 'duringSnapshot',
];
const DROPS: readonly DropReason[] = ['inboxFull', 'unverified', 'stale', 'notReady', 'notTakenOn'];
const ANSWERS: readonly Answer['kind'][] = ['decided', 'lost', 'tooOld', 'tooNew', 'full', 'found', 'none', 'unknown', 'refused'];

/** Every mark there is, with a line about it. */
export const MARKS: readonly { readonly name: string; readonly about: string }[] = [
  ...FACTS.map((kind) => ({ name: `fact/${kind}`, about: `a node announced ${kind}` })),
  ...POINTS.map((point) => ({ name: `crash/${point}`, about: `a process ended at ${point}` })),
  ...DROPS.map((why) => ({ name: `dropped/${why}`, about: `a loop dropped an input: ${why}` })),
  ...ANSWERS.map((kind) => ({ name: `answer/${kind}`, about: `a client was told ${kind}` })),
];

export class Marks {
  // By kind: this is told of every fact and every answer, and a name costs more to build than to look up.
  private readonly facts = new Set<Fact['kind']>();
  private readonly points = new Set<CrashPoint>();
  private readonly drops = new Set<DropReason>();
  private readonly answers = new Set<Answer['kind']>();

  fact(kind: Fact['kind']): void {
    this.facts.add(kind);
  }

  answer(kind: Answer['kind']): void {
    this.answers.add(kind);
  }

  crash(point: CrashPoint): void {
    this.points.add(point);
  }

  drop(why: DropReason): void {
    this.drops.add(why);
  }

  /** Hit and missed, each in the order of MARKS. */
  report(): { readonly hit: readonly string[]; readonly missed: readonly string[] } {
    const reached = new Set<string>([
      ...[...this.facts].map((kind) => `fact/${kind}`), ...[...this.points].map((point) => `crash/${point}`),
      ...[...this.drops].map((why) => `dropped/${why}`), ...[...this.answers].map((kind) => `answer/${kind}`),
    ]);
    const names = MARKS.map((mark) => mark.name);
    return { hit: names.filter((name) => reached.has(name)), missed: names.filter((name) => !reached.has(name)) };
  }
}
