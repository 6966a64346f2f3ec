// Our canonical tuple codec against msgpackr, which is not canonical, on the event that journals are full of: an append of one
// decide. msgpackr packs the same event as plain records.

import Benchmark from 'benchmark';
import { Packr } from 'msgpackr';
import { decode, encode } from '../kernel/base/codec.ts';
import { groupId, nodeId, sessionId, type NeedId, type ProposalId } from '../kernel/base/ids.ts';
import { bucketOf, makeProposal } from '../kernel/decide/record.ts';
import { decideBody } from '../kernel/decide/command.ts';
import { eventCodec, type Event } from '../kernel/event.ts';
import { applyCommand, makeEntry } from '../kernel/raft/entry.ts';
import { append } from '../kernel/raft/message.ts';
import { row, type Bench, type Row } from './row.ts';

function typicalEvent(): Event {
  const need = '12/need-0000481516' as NeedId;
  const proposal = makeProposal(need, bucketOf(need), 'proposal-2342' as ProposalId, nodeId(3), 4, 1_700_000_000_000_000);
  const entry = makeEntry(7, applyCommand(sessionId(1_234), 567, 560, decideBody(proposal)));
  const message = append(groupId(0), 7, 48_151, 7, [entry], 48_150, 99);
  return { sequence: 123_456, at: 600_000_000, wall: 1_700_000_600_000_000, cause: { kind: 'message', from: nodeId(1), incarnation: 3, sent: 98_765, message } };
}

/** Operations per second of two functions, measured by turns in one run. */
export function race(ours: () => unknown, theirs: () => unknown): Promise<readonly [number, number]> {
  return new Promise((resolve) => {
    const suite = new Benchmark.Suite();
    const options = { minSamples: 20, maxTime: 1 };
    suite.add('ours', ours, options).add('theirs', theirs, options);
    suite.on('complete', () => {
      const [a = 0, b = 0] = suite.map('hz') as number[];
      resolve([a, b]);
    });
    suite.run({ async: false });
  });
}

async function measure(): Promise<Row[]> {
  const event = typicalEvent();
  const packr = new Packr({ useRecords: false, variableMapSize: true });
  const ourBytes = encode(eventCodec, event);
  const theirBytes = packr.pack(event);
  const [encodeOurs, encodeTheirs] = await race(() => encode(eventCodec, event), () => packr.pack(event));
  const [decodeOurs, decodeTheirs] = await race(() => decode(eventCodec, ourBytes), () => packr.unpack(theirBytes));
  const against = (rate: number, bytes: Uint8Array): string => `msgpackr: ${Math.round(rate)}/s, ${bytes.length} bytes`;
  return [
    row('codec/encode-event', encodeOurs, `events per second, ${ourBytes.length} bytes`, against(encodeTheirs, theirBytes), encodeOurs / encodeTheirs),
    row('codec/decode-event', decodeOurs, `events per second, ${ourBytes.length} bytes`, against(decodeTheirs, theirBytes), decodeOurs / decodeTheirs),
  ];
}

export const CODEC: readonly Bench[] = [{ rows: ['codec/encode-event', 'codec/decode-event'], about: 'the tuple codec against msgpackr', measure }];
