// The live ports keep the contracts that their simulated twins keep. (Disk and clock: their own tests.)

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { decode, encode } from '../../kernel/base/codec.ts';
import { nodeId, type NodeId } from '../../kernel/base/ids.ts';
import { eventCodec, type Cause, type Event, type ServiceOutcome } from '../../kernel/event.ts';
import { chainContract, type ChainSubject } from '../contract/chain.ts';
import { entropyContract } from '../contract/entropy.ts';
import { networkContract, type NetworkSubject } from '../contract/network.ts';
import { servicesContract, type ServicesSubject } from '../contract/calls.ts';
import type { Frame, Network, ParentHead } from '../ports.ts';
import { LiveServices } from './calls.ts';
import { CHAIN_DEFAULTS, LiveChain } from './chain.ts';
import { LiveEntropy } from './entropy.ts';
import { LiveGpu } from './gpu.ts';
import { FileSigner, generateKey, isSigned, loadKey, verifyingKey, type NodeKey } from './signer.ts';
import { Lab, until } from './testing/peers.ts';
import { Substrate } from './testing/substrate.ts';

const directory = mkdtempSync(join(tmpdir(), 'lockstep-contracts-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What the journal would give back. */
function journalled(cause: Cause): Cause | string {
  const event: Event = { sequence: 1, at: 1, wall: 1, cause };
  const decoded = decode(eventCodec, encode(eventCodec, event));
  return decoded.ok ? decoded.value.cause : decoded.reason;
}

/** Three of four members run. */
class LivePeers implements NetworkSubject {
  readonly absent = nodeId(4);
  private readonly lab: Lab;

  private constructor(lab: Lab) {
    this.lab = lab;
  }

  static async connected(): Promise<LivePeers> {
    const lab = await Lab.of(4);
    for (const id of [1, 2, 3]) await lab.start(id);
    await lab.connected(1, 2, 3);
    return new LivePeers(lab);
  }

  get network(): Network {
    return this.lab.nodes[0] as Network;
  }

  received(node: NodeId): readonly Frame[] {
    return this.lab.of(node);
  }

  /** Nothing has arrived anywhere for a while: on loopback a frame takes a tenth of a millisecond. */
  async settle(): Promise<void> {
    for (let calm = 0, before = -1; calm < 10; ) {
      await new Promise((resolve) => setTimeout(resolve, 15));
      const now = this.lab.heard.reduce((sum, frames) => sum + frames.length, 0);
      calm = now === before ? calm + 1 : 0;
      before = now;
    }
  }

  end(): Promise<void> {
    return this.lab.end();
  }
}

describe('libp2p keeps the contract of a network', () => {
  test.each(networkContract.map((one) => [one.claim, one] as const))('%s', async (_, one) => {
    const peers = await LivePeers.connected();
    try {
      await one.check(peers);
    } finally {
      await peers.end();
    }
  });
});

const library = join(directory, 'libnvidia-ml.so.1');
const source = fileURLToPath(new URL('./testing/nvml.c', import.meta.url));
const compiled = process.platform === 'linux' && spawnSync('gcc', ['-shared', '-fPIC', '-o', library, source]).status === 0;
if (!compiled) console.log('skipped: a GPU driver for the contract of services is compiled with gcc, which is not installed');

class LiveCalls implements ServicesSubject {
  readonly answers: { sequence: number; index: number; outcome: ServiceOutcome }[] = [];
  readonly services: LiveServices;
  readonly gpu: LiveGpu;
  private static made = 0;
  private readonly key: NodeKey;
  private readonly mode: string;
  private asked = 0;

  constructor() {
    const number = ++LiveCalls.made;
    this.mode = join(directory, `mode-${number}`);
    process.env['NVML_TEST_MODE'] = this.mode;
    generateKey(join(directory, `key-${number}`));
    this.key = loadKey(join(directory, `key-${number}`));
    this.gpu = new LiveGpu({ nvml: library, timeoutMs: 4_000 }, () => undefined);
    const live = new LiveServices(new FileSigner(this.key), this.gpu, { call: () => undefined }, (sequence, index, outcome) => this.answers.push({ sequence, index, outcome }), { timeoutMs: 8_000 });
    this.services = live;
    const call = live.call.bind(live);
    live.call = (...args) => {
      this.asked++;
      call(...args);
    };
  }

  verify(text: string, signature: string): boolean {
    return isSigned(text, signature, verifyingKey(this.key.publicKey));
  }

  settle(): Promise<void> {
    return until('every call is answered', () => this.answers.length === this.asked);
  }

  breakGpu(): void {
    writeFileSync(this.mode, 'unloaded');
  }

  hangGpu(): void {
    writeFileSync(this.mode, 'hang');
  }
}

describe.skipIf(!compiled)('a key file and a GPU driver keep the contract of services', () => {
  const having = (check: (calls: LiveCalls) => Promise<void>) => async (): Promise<void> => {
    const calls = new LiveCalls();
    try {
      await check(calls);
    } finally {
      calls.gpu.stop();
    }
  };
  test.each(servicesContract.map((one) => [one.claim, one] as const))('%s', (_, one) => having(one.check)());

  test('a driver that hangs is answered with `unknown`, and the signer is not held up', having(async (calls) => {
    calls.hangGpu();
    calls.services.call(1, 0, { service: 'gpu', ask: 'inventory' });
    calls.services.call(2, 0, { service: 'signer', bytes: 'text' });
    await until('the signer has answered', () => calls.answers.length === 1, 3_000);
    await calls.settle();
    expect(calls.answers.map((answer) => [answer.sequence, answer.outcome.kind])).toEqual([[2, 'ok'], [1, 'unknown']]);
  }));

  test('every outcome can be journalled, and reads back the same', having(async (calls) => {
    calls.services.call(1, 0, { service: 'signer', bytes: 'text' });
    calls.services.call(2, 0, { service: 'gpu', ask: 'inventory' });
    await calls.settle();
    calls.breakGpu();
    calls.services.call(3, 0, { service: 'gpu', ask: 'inventory' });
    await calls.settle();
    for (const answer of calls.answers) expect(journalled({ kind: 'outcome', ...answer })).toEqual({ kind: 'outcome', ...answer });
    expect(calls.answers.map((answer) => answer.outcome.kind).sort()).toEqual(['failed', 'ok', 'ok']);
  }));
});

class LiveHeads implements ChainSubject {
  heads: ParentHead[] = [];
  private readonly substrate: Substrate;
  private readonly scheme: 'ws' | 'http';
  private chain: LiveChain;
  private silent = false;
  private changing: Promise<void> = Promise.resolve();

  private constructor(substrate: Substrate, scheme: 'ws' | 'http') {
    this.substrate = substrate;
    this.scheme = scheme;
    this.chain = this.follow(undefined);
  }

  static async over(scheme: 'ws' | 'http'): Promise<LiveHeads> {
    const substrate = new Substrate(10);
    await substrate.listen();
    const heads = new LiveHeads(substrate, scheme);
    await heads.pass(0);
    return heads;
  }

  private follow(after: number | undefined): LiveChain {
    const options = { ...CHAIN_DEFAULTS, url: `${this.scheme}://127.0.0.1:${this.substrate.port}`, after, pollMs: 10, timeoutMs: 5_000, backoffMs: { least: 5, most: 20 } };
    const chain = new LiveChain(options, (head) => this.heads.push(head), () => undefined);
    chain.follow();
    return chain;
  }

  async pass(blocks: number): Promise<void> {
    await this.changing;
    this.substrate.finalise(blocks);
    if (this.silent) return new Promise((resolve) => setTimeout(resolve, 100));
    await until('the newest head', () => this.heads.at(-1)?.number === this.substrate.heads.at(-1)?.number);
  }

  restart(): Promise<void> {
    this.chain.stop();
    const last = this.heads.at(-1)?.number;
    this.heads = [];
    this.chain = this.follow(last);
    return Promise.resolve();
  }

  silence(silent: boolean): void {
    this.silent = silent;
    this.changing = silent ? this.substrate.close() : this.substrate.listen();
  }

  async end(): Promise<void> {
    this.chain.stop();
    await this.substrate.close();
  }
}

describe.each(['ws', 'http'] as const)('JSON-RPC over %s keeps the contract of a parent chain', (scheme) => {
  for (const { claim, applies, check } of chainContract) {
    test(claim, async ({ skip }) => {
      const heads = await LiveHeads.over(scheme);
      try {
        if (applies !== undefined && !applies(heads)) skip('an endpoint that serves final heads shows no forks');
        await check(heads);
        for (const head of heads.heads) expect(journalled({ kind: 'parentHead', ...head })).toEqual({ kind: 'parentHead', ...head });
      } finally {
        await heads.end();
      }
    });
  }
});

describe('the system keeps the contract of entropy', () => {
  test.each(entropyContract.map((one) => [one.claim, one] as const))('%s', (_, one) => one.check({ entropy: new LiveEntropy(), other: new LiveEntropy() }));
});
