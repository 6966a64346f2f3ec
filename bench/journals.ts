// How fast journals are refolded from disk, against a fixed limit and against the simulator that wrote them.

import { row, type Bench, type Row, type Subject } from './row.ts';

const LIMIT = { events: 400_000, ofSimulator: 0.7 } as const;

async function refold(subject: Subject): Promise<Row[]> {
  const spec = { seed: 1, scenario: 'steady-decides', nodes: 5, forUs: 120_000_000, faults: 'none' } as const;
  const run = await subject.simulate(spec);
  return subject.dumped(spec, async (folder) => {
    await subject.refold(folder);
    const { events, wallMs } = await subject.refold(folder);
    const rate = events / (wallMs / 1_000);
    const simulated = run.steps / (run.wallMs / 1_000);
    return [
      row('replay/events', rate, 'events per second', `${LIMIT.events}`, rate / LIMIT.events),
      row('replay/events-vs-sim', rate / simulated, 'of the steps per second of the simulator', `${LIMIT.ofSimulator} (${Math.round(simulated)} steps/s)`, rate / simulated / LIMIT.ofSimulator),
    ];
  });
}

export const JOURNALS: readonly Bench[] = [{ rows: ['replay/events', 'replay/events-vs-sim'], about: 'refolding journals from disk', measure: refold }];
