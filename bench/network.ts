// How fast frames travel between two libp2p nodes on loopback, against fixed limits and against a bare TCP socket in the same
// run. Both ends live in this process, so it pays for both.

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Lab, frame } from '../io/live/testing/peers.ts';
import { row, type Bench, type Row } from './row.ts';

const LIMIT = { oneWayUs: 120, framesPerSecond: 50_000 } as const;
const ROUND_TRIPS = 2_000;
const WARM_UP = 500;
const FRAMES = 200_000;
const BURST = 100;
/** Frames under way at most: fewer than the outbox holds, so that none is dropped. */
const AHEAD = 4_000;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

/** Half a round trip, the median of many, in microseconds. `ask` sends and calls back when the answer is there. */
async function oneWay(ask: (answered: () => void) => void): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + ROUND_TRIPS; i++) {
    const started = performance.now();
    await new Promise<void>(ask);
    if (i >= WARM_UP) times.push((performance.now() - started) * 500);
  }
  return median(times);
}

async function overTcp(): Promise<number> {
  const server = createServer((socket) => void socket.setNoDelay(true).pipe(socket)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const socket: Socket = await new Promise((resolve) => {
    const opened = connect((server.address() as AddressInfo).port, '127.0.0.1', () => resolve(opened.setNoDelay(true)));
  });
  const question = new Uint8Array(64);
  const time = await oneWay((answered) => {
    socket.once('data', answered);
    socket.write(question);
  });
  socket.destroy();
  server.close();
  return time;
}

async function measure(): Promise<Row[]> {
  const tcp = await overTcp();
  const lab = await Lab.of(2);
  let heardByTwo = 0;
  let echo = true;
  let arrived: () => void = () => undefined;
  const one = await lab.start(1, {}, () => arrived());
  const two = await lab.start(2, {}, ({ sequence }) => {
    heardByTwo++;
    if (echo) two.send(frame(2, 1, sequence));
  });
  await lab.connected(1, 2);
  let number = 0;
  const latency = await oneWay((answered) => {
    arrived = answered;
    one.send(frame(1, 2, ++number));
  });

  echo = false;
  heardByTwo = 0;
  const started = performance.now();
  for (let sent = 0; heardByTwo < FRAMES; ) {
    for (let i = 0; i < BURST && sent < FRAMES && sent - heardByTwo < AHEAD; i++) {
      one.send(frame(1, 2, ++number));
      sent++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const rate = FRAMES / ((performance.now() - started) / 1_000);
  await lab.end();
  return [
    row('network/one-way', latency, 'us, median of half a round trip', `${LIMIT.oneWayUs}`, LIMIT.oneWayUs / latency),
    row('network/one-way-vs-tcp', latency, 'us', `a bare TCP socket (${Math.round(tcp)} us)`, tcp / latency),
    row('network/frames', rate, 'small frames per second', `${LIMIT.framesPerSecond}`, rate / LIMIT.framesPerSecond),
  ];
}

export const NETWORK: readonly Bench[] = [{ rows: ['network/one-way', 'network/one-way-vs-tcp', 'network/frames'], about: 'frames between two live nodes on loopback', measure }];
