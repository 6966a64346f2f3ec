// What the kernel relies on the services for: the signer, and the driver that lists the accelerators.

import { decode, encode } from '../../kernel/base/codec.ts';
import { eventCodec, MAX_DEVICES, type ServiceOutcome } from '../../kernel/event.ts';
import type { Services } from '../ports.ts';
import { expect, expectSame, type Claim } from './contract.ts';

export interface Answered {
  readonly sequence: number;
  readonly index: number;
  readonly outcome: ServiceOutcome;
}

export interface ServicesSubject {
  readonly services: Services;
  readonly answers: readonly Answered[];
  /** Whether this is the node's signature of the text. */
  isSigned(text: string, signature: string): boolean;
  /** Waits until every call is answered that will be. */
  settle(): Promise<void>;
  /** From now on the GPU driver fails, or does not answer. */
  breakGpu(how: 'fails' | 'hangs'): void;
}

const sign = { service: 'signer', bytes: 'hello net 1 2 3 4' } as const;
const inventory = { service: 'gpu', ask: 'inventory' } as const;

export const servicesContract: readonly Claim<ServicesSubject>[] = [
  {
    claim: 'nothing is answered inside call, and every call is answered once, by its own name',
    async check(subject) {
      const calls = [[7, 0], [7, 1], [9, 4]] as const;
      for (const [sequence, index] of calls) subject.services.call(sequence, index, sign);
      subject.services.call(10, 0, inventory);
      expectSame(subject.answers.length, 0, 'answers before call has returned');
      await subject.settle();
      const names = subject.answers.map((answer) => `${answer.sequence}.${answer.index}`).sort((a, b) => (a < b ? -1 : 1));
      expectSame(names, ['10.0', '7.0', '7.1', '9.4'], 'calls that were answered');
    },
  },
  {
    claim: 'the signer signs the text it was given, with the key of this node',
    async check(subject) {
      subject.services.call(1, 0, sign);
      await subject.settle();
      const outcome = subject.answers[0]?.outcome;
      expect(outcome?.kind === 'ok' && outcome.answer.service === 'signer', 'a signature is the answer');
      expect(subject.isSigned(sign.bytes, outcome.answer.signature), 'the signature is good');
      expect(!subject.isSigned(`${sign.bytes} `, outcome.answer.signature), 'and for this text only');
    },
  },
  {
    claim: 'an inventory names each device once, with whole megabytes, no more used than there are',
    async check(subject) {
      subject.services.call(1, 0, inventory);
      await subject.settle();
      const outcome = subject.answers[0]?.outcome;
      expect(outcome?.kind === 'ok' && outcome.answer.service === 'gpu', 'an inventory is the answer');
      const { devices } = outcome.answer;
      expect(devices.length > 0 && devices.length <= MAX_DEVICES, `${devices.length} devices`);
      expectSame(new Set(devices.map((device) => device.id)).size, devices.length, 'different ids');
      for (const { id, memoryMb, usedMb } of devices) {
        expect(id.length > 0 && id.length <= 128, `id "${id}"`);
        expect(Number.isSafeInteger(memoryMb) && Number.isSafeInteger(usedMb) && usedMb >= 0 && usedMb <= memoryMb, `${usedMb} of ${memoryMb} MB`);
      }
    },
  },
  {
    claim: 'a driver that fails says so or says nothing; the signer answers all the same',
    async check(subject) {
      for (const how of ['fails', 'hangs'] as const) {
        subject.breakGpu(how);
        for (let n = 1; n <= 20; n++) subject.services.call(how === 'fails' ? n : 100 + n, 0, inventory);
        subject.services.call(how === 'fails' ? 50 : 150, 0, sign);
        await subject.settle();
      }
      const ofGpu = subject.answers.filter((answer) => answer.sequence % 50 !== 0);
      expect(ofGpu.every((answer) => answer.outcome.kind !== 'ok'), 'no inventory from a broken driver');
      expectSame(new Set(ofGpu.map((answer) => answer.sequence)).size, ofGpu.length, 'calls answered at most once');
      expectSame(subject.answers.filter((answer) => answer.outcome.kind === 'ok').length, 2, 'signatures');
    },
  },
  {
    claim: 'every outcome can be journalled, and reads back the same',
    async check(subject) {
      subject.services.call(1, 0, sign);
      subject.services.call(2, 0, inventory);
      await subject.settle();
      subject.breakGpu('fails');
      subject.services.call(3, 0, inventory);
      await subject.settle();
      for (const { sequence, index, outcome } of subject.answers) {
        const event = { sequence: 12, at: 1, wall: 1, cause: { kind: 'outcome', sequence, index, outcome } } as const;
        expectSame(decode(eventCodec, encode(eventCodec, event)), { ok: true, value: event }, 'the event read back');
      }
    },
  },
];
