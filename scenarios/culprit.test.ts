import { expect, test, vi } from 'vitest';
import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { Property } from '../io/sim/evidence.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import { culpritOf, type Culprit } from './culprit.ts';
import { resolve } from './run.ts';
import { attempting } from './trial.ts';

vi.setConfig({ testTimeout: 120_000 });

const SHOWS_AFTER = 500 * MS;

/** A bug that acts, while it is on, whenever a frame is dropped: the third time is fatal, and shows later. */
function looked(works: () => boolean): { readonly culprit: Culprit | undefined; readonly third: Micros } {
  let third = 0;
  let isOn = true;
  const property: Property = {
    id: 'late', claim: 'a claim', kind: 'safety', scope: 'global',
    watch: (run) => {
      let dropped = 0;
      let fatal = 0;
      return {
        lost: (_frame, reason, now) => {
          if (reason !== 'dropped' || (works() && !isOn) || ++dropped !== 3) return;
          fatal = now;
          if (third === 0) third = now;
        },
        sent: (frame, now) => {
          if (fatal > 0 && now > fatal + SHOWS_AFTER) run.violated('late', { message: 'it shows', at: now, nodes: [frame.from] });
        },
        judge: () => ({ verdict: 'held', checks: 1 }),
      };
    },
  };
  const attempt = attempting([property], { checked: false, kernelVersion: 'test' }, undefined, (run) => run());
  const calm = resolve(6, { scenario: 'steady-decides', nodes: 3, forUs: 6 * SECOND, faults: 'none' });
  const run: RunFile = { ...calm, groups: 1, healAt: 5 * SECOND, faults: [{ kind: 'drop', from: SECOND, until: 5 * SECOND, nodes: [1], strength: 20_000 }] };
  const first = attempt(run);
  expect(first.failures).toHaveLength(1);
  return { culprit: culpritOf(run, first, attempt, (on) => void (isOn = on)), third };
}

test('the culprit is the last step at which the bug had to act, however much later it shows', () => {
  const { culprit, third } = looked(() => true);
  expect(third).toBeGreaterThan(SECOND);
  expect(culprit?.at).toBe(third);
});

test('a run that fails without the bug has no culprit', () => {
  expect(looked(() => false).culprit).toBeUndefined();
});
