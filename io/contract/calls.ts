// What the kernel relies on a node's services for: a signer that holds its key, and a driver that lists its GPUs.

import { MAX_DEVICES, type ServiceOutcome, type ServiceRequest } from '../../kernel/event.ts';
import type { Services } from '../ports.ts';
import { expect, expectSame, type Claim } from './contract.ts';

export interface ServicesSubject {
  readonly services: Services;
  /** What was answered, in order. */
  readonly answers: readonly { readonly sequence: number; readonly index: number; readonly outcome: ServiceOutcome }[];
  /** Whether a signature is this node's, as everybody else would check it. */
  verify(text: string, signature: string): boolean;
  /** Waits until what will be answered has been. */
  settle(): Promise<void>;
  /** Takes the driver away. */
  readonly breakGpu?: () => void;
}

const INVENTORY: ServiceRequest = { service: 'gpu', ask: 'inventory' };

async function answerTo(subject: ServicesSubject, request: ServiceRequest): Promise<ServiceOutcome> {
  const before = subject.answers.length;
  subject.services.call(40, 2, request);
  await subject.settle();
  expectSame(subject.answers.length - before, 1, 'answers');
  const answer = subject.answers[before] as ServicesSubject['answers'][number];
  expectSame([answer.sequence, answer.index], [40, 2], 'the effect that is named');
  return answer.outcome;
}

async function signatureOf(subject: ServicesSubject, bytes: string): Promise<string> {
  const outcome = await answerTo(subject, { service: 'signer', bytes });
  expect(outcome.kind === 'ok' && outcome.answer.service === 'signer', 'a signer signs');
  return outcome.answer.signature;
}

export const servicesContract: readonly Claim<ServicesSubject>[] = [
  {
    claim: 'nothing is answered inside call',
    async check(subject) {
      subject.services.call(1, 0, { service: 'signer', bytes: 'hello' });
      expectSame(subject.answers.length, 0, 'answers before call returned');
      await subject.settle();
      expectSame(subject.answers.length, 1, 'answers');
    },
  },
  {
    claim: 'a signature is good for the text that was signed and for no other',
    async check(subject) {
      const signature = await signatureOf(subject, 'hello sim 1 2 3');
      expect(subject.verify('hello sim 1 2 3', signature), 'the signature is good');
      expect(!subject.verify('hello sim 1 2 4', signature), 'it is not good for another text');
      expect(!subject.verify('hello sim 1 2 3', `${signature.slice(0, -1)}${signature.endsWith('0') ? '1' : '0'}`), 'another signature is not good');
    },
  },
  {
    claim: 'a signature fits an event',
    async check(subject) {
      expect((await signatureOf(subject, 'x'.repeat(200))).length <= 256, 'at most 256 characters');
    },
  },
  {
    claim: 'an inventory lists each device once, within bounds',
    async check(subject) {
      const outcome = await answerTo(subject, INVENTORY);
      if (outcome.kind !== 'ok') return;
      expect(outcome.answer.service === 'gpu', 'a driver lists devices');
      const devices = outcome.answer.devices;
      expect(devices.length <= MAX_DEVICES, `at most ${MAX_DEVICES} devices`);
      expectSame(new Set(devices.map((device) => device.id)).size, devices.length, 'different ids');
      for (const device of devices) expect(Number.isSafeInteger(device.memoryMb) && device.usedMb >= 0 && device.usedMb <= device.memoryMb, 'memory in whole megabytes');
    },
  },
  {
    claim: 'a driver that is broken says so or says nothing, and every call is answered at most once',
    applies: (subject) => subject.breakGpu !== undefined,
    async check(subject) {
      subject.breakGpu?.();
      for (let i = 1; i <= 50; i++) subject.services.call(i, 0, INVENTORY);
      await subject.settle();
      const named = subject.answers.map((answer) => answer.sequence);
      expectSame(new Set(named).size, named.length, 'calls that were answered');
      expect(subject.answers.some((answer) => answer.outcome.kind === 'failed'), 'some calls fail');
      expect(subject.answers.every((answer) => answer.outcome.kind === 'failed'), 'none succeeds');
    },
  },
];
