import { describe, test } from 'vitest';
import { clockContract, type ClockSubject } from '../contract/clock.ts';
import type { Micros } from '../../kernel/base/time.ts';
import { LiveClock } from './clock.ts';

function subject(): ClockSubject {
  const alarms: Micros[] = [];
  const clock: LiveClock = new LiveClock(() => alarms.push(clock.now()));
  return { clock, alarms, pass: (span) => new Promise((resolve) => setTimeout(resolve, Math.ceil(span / 1_000))) };
}

describe('the machine\'s clocks keep the contract of a clock', () => {
  for (const { claim, check } of clockContract) test(claim, async () => check(subject()));
});
