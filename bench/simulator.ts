// How fast the simulator is: against real time, against a bare event queue, against itself in other modes.

import { row, type Bench, type Measured, type Row, type RunSpec, type Subject } from './row.ts';

const MINUTE_US = 60_000_000;
/** The limits that the project has set itself. */
const LIMIT = { realtime: 350, checked: 120, stepsPerQueueOperation: 0.08, scale: 0.85, workers: 1.5, faults: 0.7, shortRuns: 100, lateSpeed: 0.7 } as const;

const FIVE: RunSpec = { seed: 1, scenario: 'steady-decides', nodes: 5, forUs: 10 * MINUTE_US, faults: 'all' };

const speed = (measured: Measured): number => measured.simulatedUs / 1_000 / measured.wallMs;
const steps = (measured: Measured): number => measured.steps / (measured.wallMs / 1_000);

async function realtime(subject: Subject): Promise<Row[]> {
  const moments = [1, 2, 9, 10].map((minute) => minute * MINUTE_US - (minute === 10 ? 1_000_000 : 0));
  const run = await subject.simulate(FIVE, moments);
  const [one = 0, two = 0, nine = 0, ten = 0] = run.passedMs;
  const late = ((two - one) / (ten - nine)) * (59 / 60);
  return [
    row('sim/realtime-5-nodes', speed(run), 'simulated seconds per second', `${LIMIT.realtime} (100 decides a second, all faults, all properties)`, speed(run) / LIMIT.realtime),
    row('sim/minute-ten-vs-two', late, 'of the speed in minute two', String(LIMIT.lateSpeed), late / LIMIT.lateSpeed),
    row('sim/heap-minute-ten', run.heapMb, 'MB', '150 MB', 150 / run.heapMb),
  ];
}

async function stepsVersusQueue(subject: Subject): Promise<Row[]> {
  const queue = await subject.queueRate(1);
  const run = await subject.simulate({ ...FIVE, forUs: 3 * MINUTE_US });
  const share = steps(run) / queue;
  return [row('sim/steps-vs-queue', share, 'steps per operation of the bare queue', `${LIMIT.stepsPerQueueOperation} (${million(steps(run))} steps/s, bare queue ${million(queue)}/s)`, share / LIMIT.stepsPerQueueOperation)];
}

async function scale(subject: Subject): Promise<Row[]> {
  const five = await subject.simulate({ ...FIVE, forUs: 2 * MINUTE_US });
  const hundred = await subject.simulate({ seed: 1, scenario: 'hundred-nodes' });
  const share = steps(hundred) / steps(five);
  return [row('sim/scale-100-vs-5', share, 'steps per second of five nodes', `${LIMIT.scale} (100 nodes ${million(steps(hundred))}/s, five ${million(steps(five))}/s)`, share / LIMIT.scale)];
}

const shortRuns = (count: number): RunSpec[] => Array.from({ length: count }, (_, i) => ({ seed: 1_000 + i, scenario: 'steady-decides', nodes: 5, forUs: 5_000_000, faults: 'all' }));

async function workers(subject: Subject): Promise<Row[]> {
  const bare = (await subject.queueRate(2)) / (await subject.queueRate(1));
  const one = await subject.sweep(shortRuns(300), 1);
  const two = await subject.sweep(shortRuns(600), 2);
  const scaling = two.events / two.wallMs / (one.events / one.wallMs);
  return [row('sim/workers-2-vs-1', scaling, 'times one worker', `${LIMIT.workers} (the bare queue itself: ${bare.toFixed(2)})`, scaling / LIMIT.workers)];
}

async function checked(subject: Subject): Promise<Row[]> {
  const spec = { ...FIVE, forUs: 2 * MINUTE_US };
  const fast = await subject.simulate(spec);
  const slow = await subject.simulate({ ...spec, checked: true });
  return [row('sim/checked-vs-fast', speed(slow), 'simulated seconds per second', `${LIMIT.checked} (fast mode: ${speed(fast).toFixed(0)})`, speed(slow) / LIMIT.checked)];
}

async function faults(subject: Subject): Promise<Row[]> {
  const spec = { ...FIVE, forUs: 2 * MINUTE_US };
  const none = await subject.simulate({ ...spec, faults: 'none' });
  const all = await subject.simulate(spec);
  const share = speed(all) / speed(none);
  return [row('sim/all-faults-vs-none', share, 'of the speed without faults', `${LIMIT.faults} (all ${speed(all).toFixed(0)}, none ${speed(none).toFixed(0)} simulated seconds per second)`, share / LIMIT.faults)];
}

async function short(subject: Subject): Promise<Row[]> {
  const { runs, wallMs } = await subject.sweep(shortRuns(400), 1);
  const rate = runs / (wallMs / 1_000);
  return [row('sim/short-runs', rate, 'runs of five seconds per second and core', String(LIMIT.shortRuns), rate / LIMIT.shortRuns)];
}

const million = (value: number): string => `${(value / 1e6).toFixed(2)} M`;

export const SIMULATOR: readonly Bench[] = [
  { rows: ['sim/realtime-5-nodes', 'sim/minute-ten-vs-two', 'sim/heap-minute-ten'], about: 'ten minutes of five nodes under all faults', measure: realtime },
  { rows: ['sim/steps-vs-queue'], about: 'kernel steps against operations of a bare event queue', measure: stepsVersusQueue },
  { rows: ['sim/scale-100-vs-5'], about: 'steps per second of a hundred nodes against five', measure: scale },
  { rows: ['sim/workers-2-vs-1'], about: 'what a second worker thread adds', measure: workers },
  { rows: ['sim/checked-vs-fast'], about: 'checked mode', measure: checked },
  { rows: ['sim/all-faults-vs-none'], about: 'what faults cost', measure: faults },
  { rows: ['sim/short-runs'], about: 'many short runs on one warm thread', measure: short },
];
