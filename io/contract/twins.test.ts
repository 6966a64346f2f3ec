// Every port but disk and clock (which have tests of their own), simulated and live, against the same claims.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, test } from 'vitest';
import { nodeId, type NodeId } from '../../kernel/base/ids.ts';
import { CHAIN_DEFAULTS, LiveChain } from '../live/chain.ts';
import { LiveGpu } from '../live/gpu.ts';
import { LiveServices } from '../live/services.ts';
import { FileSigner, generateKey, isSigned, loadKey, verifyingKey } from '../live/signer.ts';
import { Lab, until } from '../live/testing/peers.ts';
import { Substrate } from '../live/testing/substrate.ts';
import type { Frame, Network, ParentHead } from '../ports.ts';
import { SimNetwork } from '../sim/network.ts';
import { ParentChain } from '../sim/parent-chain.ts';
import { StandInScheme } from '../sim/scheme.ts';
import { SimServices } from '../sim/services.ts';
import { chainContract, type ChainSubject } from './chain.ts';
import type { Claim } from './contract.ts';
import { networkContract, type NetworkSubject } from './network.ts';
import { servicesContract, type Answered, type ServicesSubject } from './services.ts';

const directory = mkdtempSync(join(tmpdir(), 'lockstep-twins-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Where a claim is made of a subject that must be ended: `end` runs whatever the claim says. */
function keeps<Subject extends object>(contract: readonly Claim<Subject>[], make: () => Promise<Subject & { end?(): Promise<void> }>): void {
  for (const { claim, check } of contract) {
    test(claim, async () => {
      const subject = await make();
      try {
        await check(subject);
      } finally {
        await subject.end?.();
      }
    });
  }
}

/** Time that passes only when something is waited for. */
class Moments {
  now = 0;
  private waiting: { readonly at: number; readonly happen: () => void }[] = [];

  at(at: number, happen: () => void): void {
    this.waiting.push({ at, happen });
  }

  async settle(): Promise<void> {
    while (this.waiting.length > 0) {
      // A stable sort: what is due at the same moment happens in the order it was asked for.
      const due = this.waiting.toSorted((a, b) => a.at - b.at)[0] as (typeof this.waiting)[number];
      this.waiting = this.waiting.filter((other) => other !== due);
      this.now = due.at;
      due.happen();
    }
  }
}

class SimNetworkSubject implements NetworkSubject {
  private readonly moments = new Moments();
  private readonly out = new Set<NodeId>();
  private readonly got: Frame[][] = [[], [], [], []];
  private readonly sim: SimNetwork;

  constructor(encoded: boolean) {
    const { moments } = this;
    const deliver = (frame: Frame): void => {
      if (!this.out.has(frame.to)) (this.got[frame.to] as Frame[]).push(frame);
    };
    this.sim = new SimNetwork(
      { get now() { return moments.now; }, deliverAt: (at, frame) => moments.at(at, () => deliver(frame)), sent: () => undefined, lost: () => undefined, duplicated: () => undefined },
      7, 3, 100, 900, encoded,
    );
  }

  network(): Network {
    return this.sim;
  }

  heard(node: NodeId): readonly Frame[] {
    return this.got[node] as Frame[];
  }

  settle(): Promise<void> {
    return this.moments.settle();
  }

  async away(node: NodeId): Promise<void> {
    this.out.add(node);
  }

  async back(node: NodeId): Promise<void> {
    this.out.delete(node);
  }
}

class LiveNetworkSubject implements NetworkSubject {
  private readonly lab: Lab;

  private constructor(lab: Lab) {
    this.lab = lab;
  }

  static async connected(): Promise<LiveNetworkSubject> {
    const lab = await Lab.of(3);
    for (const id of [1, 2, 3]) await lab.start(id);
    await lab.connected(1, 2, 3);
    return new LiveNetworkSubject(lab);
  }

  network(node: NodeId): Network {
    return this.lab.nodes[node - 1] as Network;
  }

  heard(node: NodeId): readonly Frame[] {
    return this.lab.of(node);
  }

  /** Nothing has arrived anywhere for a while: on loopback a frame takes a tenth of a millisecond. */
  async settle(): Promise<void> {
    for (let calm = 0, before = -1; calm < 10; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const now = this.lab.heard.reduce((sum, frames) => sum + frames.length, 0);
      calm = now === before ? calm + 1 : 0;
      before = now;
    }
  }

  away(node: NodeId): Promise<void> {
    return this.lab.stop(node);
  }

  async back(node: NodeId): Promise<void> {
    await this.lab.start(node);
    await this.lab.connected(1, 2, 3);
  }

  end(): Promise<void> {
    return this.lab.end();
  }
}

class SimServicesSubject implements ServicesSubject {
  readonly answers: Answered[] = [];
  readonly services: SimServices;
  private readonly moments = new Moments();
  private readonly scheme = new StandInScheme(3, 1);

  constructor() {
    const outcomeAt = (delay: number, _node: number, sequence: number, index: number, outcome: Answered['outcome']): void =>
      this.moments.at(this.moments.now + delay, () => this.answers.push({ sequence, index, outcome }));
    this.services = new SimServices({ outcomeAt }, 3, 1, this.scheme);
  }

  isSigned(text: string, signature: string): boolean {
    return this.scheme.verify(nodeId(1), text, signature);
  }

  settle(): Promise<void> {
    return this.moments.settle();
  }

  breakGpu(how: 'fails' | 'hangs'): void {
    this.services.brokenPerMille = how === 'fails' ? 1_000 : 500;
  }
}

const library = join(directory, 'libnvidia-ml.so.1');
const compiled = process.platform === 'linux' && spawnSync('gcc', ['-shared', '-fPIC', '-o', library, fileURLToPath(new URL('../live/testing/nvml.c', import.meta.url))]).status === 0;
if (!compiled) console.log('skipped: the live services are tested over a library that gcc compiles, and gcc is not installed');

class LiveServicesSubject implements ServicesSubject {
  readonly answers: Answered[] = [];
  readonly services: LiveServices;
  private readonly gpu: LiveGpu;
  private readonly key = LiveServicesSubject.freshKey();
  private readonly mode: string;
  private calls = 0;
  private static made = 0;

  constructor() {
    this.mode = join(directory, `mode-${++LiveServicesSubject.made}`);
    process.env['NVML_TEST_MODE'] = this.mode;
    this.gpu = new LiveGpu({ library, timeoutMs: 1_500 }, () => undefined);
    const live = new LiveServices(new FileSigner(this.key), this.gpu, (sequence, index, outcome) => this.answers.push({ sequence, index, outcome }), { timeoutMs: 3_000 });
    const call = live.call.bind(live);
    live.call = (...args) => {
      this.calls++;
      call(...args);
    };
    this.services = live;
  }

  private static freshKey(): ReturnType<typeof loadKey> {
    const file = join(directory, `key-${LiveServicesSubject.made}`);
    generateKey(file);
    return loadKey(file);
  }

  isSigned(text: string, signature: string): boolean {
    return isSigned(text, signature, verifyingKey(this.key.publicKey));
  }

  settle(): Promise<void> {
    return until('every call is answered', () => this.answers.length === this.calls);
  }

  breakGpu(how: 'fails' | 'hangs'): void {
    writeFileSync(this.mode, how === 'fails' ? 'unloaded' : 'hang');
  }

  async end(): Promise<void> {
    this.gpu.stop();
  }
}

class SimChainSubject implements ChainSubject {
  readonly reported: ParentHead[] = [];
  private readonly moments = new Moments();
  private readonly parent: ParentChain;
  readonly chain: ChainSubject['chain'] = { follow: () => this.parent.follow(1), stop: () => this.parent.outage(1, true) };

  constructor() {
    const { moments, reported } = this;
    this.parent = new ParentChain({ get now() { return moments.now; }, parentHeadAt: (at, _node, head) => moments.at(at, () => reported.push(head)) }, 5, 1);
    // Nobody follows yet: what becomes final is not reported.
    this.parent.outage(1, true);
    for (let block = 0; block < 10; block++) this.parent.tick();
    this.chain.follow = () => {
      this.parent.follow(1);
      this.parent.outage(1, false);
    };
  }

  async finalise(blocks: number): Promise<void> {
    for (let block = 0; block < blocks; block++) this.parent.tick();
  }

  settle(): Promise<void> {
    return this.moments.settle();
  }

  async outage(out: boolean): Promise<void> {
    this.parent.outage(1, out);
  }
}

class LiveChainSubject implements ChainSubject {
  readonly reported: ParentHead[] = [];
  readonly chain: LiveChain;
  private readonly substrate: Substrate;
  private out = false;

  private constructor(substrate: Substrate, scheme: 'ws' | 'http') {
    this.substrate = substrate;
    const options = { ...CHAIN_DEFAULTS, url: `${scheme}://127.0.0.1:${substrate.port}`, after: undefined, pollMs: 10, timeoutMs: 500, backoffMs: { least: 5, most: 20 } };
    this.chain = new LiveChain(options, (head) => this.reported.push(head), () => undefined);
  }

  static async over(scheme: 'ws' | 'http'): Promise<LiveChainSubject> {
    const substrate = new Substrate(10);
    await substrate.listen();
    return new LiveChainSubject(substrate, scheme);
  }

  async finalise(blocks: number): Promise<void> {
    this.substrate.finalise(blocks);
  }

  async settle(): Promise<void> {
    if (this.out) return new Promise((resolve) => setTimeout(resolve, 100));
    await until('the newest head', () => this.reported.at(-1)?.number === this.substrate.heads.at(-1)?.number);
  }

  async outage(out: boolean): Promise<void> {
    this.out = out;
    if (out) await this.substrate.close();
    else await this.substrate.listen();
  }

  async end(): Promise<void> {
    this.chain.stop();
    await this.substrate.close();
  }
}

describe('the simulated network keeps the contract', () => keeps<SimNetworkSubject>(networkContract, async () => new SimNetworkSubject(false)));
describe('the simulated network keeps it when frames become bytes', () => keeps<SimNetworkSubject>(networkContract, async () => new SimNetworkSubject(true)));
describe('libp2p keeps the contract of a network', () => keeps<LiveNetworkSubject>(networkContract, () => LiveNetworkSubject.connected()));
describe('simulated services keep the contract', () => keeps<SimServicesSubject>(servicesContract, async () => new SimServicesSubject()));
describe.skipIf(!compiled)('a key file and a driver keep the contract of services', () => keeps<LiveServicesSubject>(servicesContract, async () => new LiveServicesSubject()));
describe('the simulated parent chain keeps the contract', () => keeps<SimChainSubject>(chainContract, async () => new SimChainSubject()));
describe.each(['ws', 'http'] as const)('JSON-RPC over %s keeps the contract of a chain', (scheme) => keeps<LiveChainSubject>(chainContract, () => LiveChainSubject.over(scheme)));
