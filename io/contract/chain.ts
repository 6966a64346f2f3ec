// What the kernel relies on a parent chain's provider for: heads that are final, each on the one before.

import { expect, expectSame, type Claim } from './contract.ts';

export interface HeadReport {
  readonly number: number;
  readonly hash: string;
  readonly parent: string;
}

export interface ChainSubject {
  /** What was reported since the node started (again), in order. */
  readonly heads: readonly HeadReport[];
  /** Waits until the parent chain has finalised about so many more blocks. */
  pass(blocks: number): Promise<void>;
  /** The node starts again, having forgotten nothing: `heads` is empty first. */
  restart(): Promise<void>;
  /** From now on the best chain forks below finality. */
  readonly fork?: () => void;
  /** The provider falls silent, or is back. */
  readonly silence?: (silent: boolean) => void;
}

function linked(heads: readonly HeadReport[]): void {
  for (let i = 1; i < heads.length; i++) {
    const before = heads[i - 1] as HeadReport;
    const head = heads[i] as HeadReport;
    expectSame([head.number, head.parent], [before.number + 1, before.hash], `what follows head ${before.number}`);
  }
}

export const chainContract: readonly Claim<ChainSubject>[] = [
  {
    claim: 'heads come in order, without a gap, each on the one before',
    async check(subject) {
      await subject.pass(20);
      expect(subject.heads.length >= 15, `${subject.heads.length} heads`);
      linked(subject.heads);
    },
  },
  {
    claim: 'after a start, heads go on from one that was reported before, and are the same ones',
    async check(subject) {
      await subject.pass(10);
      const before = subject.heads.slice();
      await subject.restart();
      await subject.pass(5);
      const known = new Map(before.map((head) => [head.number, head.hash]));
      const last = before[before.length - 1] as HeadReport;
      expect((subject.heads[0] as HeadReport).number <= last.number + 1, 'no gap after the start');
      for (const head of subject.heads) if (known.has(head.number)) expectSame(head.hash, known.get(head.number), `head ${head.number}`);
      linked(subject.heads);
    },
  },
  {
    claim: 'forks below finality are not seen',
    applies: (subject) => subject.fork !== undefined,
    async check(subject) {
      subject.fork?.();
      await subject.pass(60);
      linked(subject.heads);
    },
  },
  {
    claim: 'what was finalised during a silence is told after it',
    applies: (subject) => subject.silence !== undefined,
    async check(subject) {
      await subject.pass(5);
      const before = subject.heads.length;
      subject.silence?.(true);
      await subject.pass(10);
      expectSame(subject.heads.length, before, 'heads during the silence');
      subject.silence?.(false);
      await subject.pass(2);
      expect(subject.heads.length >= before + 10, 'the missed heads');
      linked(subject.heads);
    },
  },
];
