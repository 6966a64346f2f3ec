// What the loop relies on a clock for.

import { MS, NEVER, type Micros } from '../../kernel/base/time.ts';
import type { Clock } from '../ports.ts';
import { expect, type Claim } from './contract.ts';

export interface ClockSubject {
  readonly clock: Clock;
  /** Times, by the clock, at which an alarm came. */
  readonly alarms: readonly Micros[];
  /** Lets at least this much time pass. */
  pass(span: Micros): Promise<void>;
}

const rang = (subject: ClockSubject): number => subject.alarms.length;

/** How late an alarm may come on a busy machine. */
const SLACK: Micros = 2_000 * MS;

export const clockContract: readonly Claim<ClockSubject>[] = [
  {
    claim: 'both times are whole, non-negative microseconds that a number holds exactly',
    async check({ clock }) {
      for (const time of [clock.now(), clock.wall()]) expect(Number.isSafeInteger(time) && time >= 0 && time < NEVER, `a time is ${time}`);
    },
  },
  {
    claim: 'now() never goes back, and moves on as time passes',
    async check(subject) {
      const first = subject.clock.now();
      let last = first;
      for (let i = 0; i < 1_000; i++) {
        const now = subject.clock.now();
        expect(now >= last, `${now} after ${last}`);
        last = now;
      }
      await subject.pass(20 * MS);
      expect(subject.clock.now() >= first + 15 * MS, 'time has passed');
    },
  },
  {
    claim: 'an alarm comes once, at the time that was asked for or soon after, and never inside wakeAt',
    async check(subject) {
      const due = subject.clock.now() + 20 * MS;
      subject.clock.wakeAt(due);
      expect(rang(subject) === 0, 'no alarm inside wakeAt');
      await subject.pass(80 * MS);
      expect(rang(subject) === 1, `${rang(subject)} alarms`);
      const late = (subject.alarms[0] as Micros) - due;
      expect(late >= 0 && late < SLACK, `rang ${late} us after it was due`);
    },
  },
  {
    claim: 'a later call replaces an earlier one',
    async check(subject) {
      const now = subject.clock.now();
      subject.clock.wakeAt(now + 10 * MS);
      subject.clock.wakeAt(now + 60 * MS);
      await subject.pass(150 * MS);
      expect(rang(subject) === 1 && (subject.alarms[0] as Micros) >= now + 60 * MS, `alarms at ${subject.alarms.map((at) => at - now)}`);
    },
  },
  {
    claim: 'NEVER clears the alarm',
    async check(subject) {
      subject.clock.wakeAt(subject.clock.now() + 10 * MS);
      subject.clock.wakeAt(NEVER);
      await subject.pass(60 * MS);
      expect(rang(subject) === 0, 'no alarm');
    },
  },
  {
    claim: 'a time that has passed already rings soon, and not inside wakeAt',
    async check(subject) {
      subject.clock.wakeAt(Math.max(0, subject.clock.now() - 1_000));
      expect(rang(subject) === 0, 'no alarm inside wakeAt');
      await subject.pass(30 * MS);
      expect(rang(subject) === 1, `${rang(subject)} alarms`);
    },
  },
  {
    claim: 'after an alarm another one may be asked for',
    async check(subject) {
      subject.clock.wakeAt(subject.clock.now() + 5 * MS);
      await subject.pass(40 * MS);
      subject.clock.wakeAt(subject.clock.now() + 5 * MS);
      await subject.pass(40 * MS);
      expect(rang(subject) === 2, `${rang(subject)} alarms`);
    },
  },
];
