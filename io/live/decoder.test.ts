import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode } from '../../kernel/base/codec.ts';
import { nodeId } from '../../kernel/base/ids.ts';
import { draft, genesisOf, type Head } from '../../kernel/swarm/envelope.ts';
import { carry, type EnvelopeMessage } from '../../kernel/swarm/message.ts';
import { frameCodec } from '../frame.ts';
import { FrameDecoder, type Decision } from './decoder.ts';
import { Members } from './members.ts';
import { frame, Lab, NETWORK } from './testing/peers.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const HASH = 'ab'.repeat(32);
const HEAD: Head = {
  threadId: 't', lamport: 7, tsNs: 1n, sender: publicKey.export({ format: 'der', type: 'spki' }).subarray(12).toString('hex'), policyEngineHash: HASH, policyCapsuleHash: HASH, policyEvalDigest: HASH,
  traceId: '0'.repeat(32), nonce: '0'.repeat(32),
};

function envelope(network: string, head: Head = HEAD, signedFor: string = network): EnvelopeMessage {
  const payload = { taskId: 't', reason: 'r' };
  const signature = sign(null, draft(genesisOf(signedFor), head, 'YIELD', payload).signed, privateKey);
  const carried = carry(draft(genesisOf(network), head, 'YIELD', payload).sealedBy(new Uint8Array(signature)), genesisOf(network));
  if (!carried.ok) throw new Error(carried.fault);
  return carried.message;
}

describe('the gate of a live node', () => {
  let lab: Lab;
  let decoder: FrameDecoder;
  beforeAll(async () => {
    lab = await Lab.of(2);
    decoder = new FrameDecoder(NETWORK, nodeId(2), new Members(lab.members));
  });
  afterAll(() => lab.end());

  const decided = (bytes: Uint8Array): Promise<Decision> => new Promise((resolve) => {
    const decision = decoder.decide(bytes, nodeId(1));
    if (decision.kind === 'pending') decision.settled(resolve);
    else resolve(decision);
  });
  const bytesOf = (message: EnvelopeMessage): Uint8Array => encode(frameCodec, frame(1, 2, 9, message));

  it('lets in an envelope that its sender signed for this network, and vouches for no other', async () => {
    const good = await decided(bytesOf(envelope(NETWORK)));
    if (good.kind !== 'frame') throw new Error('it was refused');
    expect(good.frame.message).toEqual(envelope(NETWORK));
    expect(decoder.verify(good.frame)).toBe(true);
    expect(decoder.verify(frame(1, 2, 9, envelope(NETWORK)))).toBe(false);
  });

  it('refuses one of another network, one that was signed for it, one in the name of another key, and of no key at all', async () => {
    expect(await decided(bytesOf(envelope('another network')))).toEqual({ kind: 'refused', why: 'forged' });
    expect(await decided(bytesOf(envelope(NETWORK, HEAD, 'another network')))).toEqual({ kind: 'refused', why: 'unsigned' });
    expect(await decided(bytesOf(envelope(NETWORK, { ...HEAD, sender: lab.member(1).publicKey })))).toEqual({ kind: 'refused', why: 'unsigned' });
    expect(await decided(bytesOf(envelope(NETWORK, { ...HEAD, sender: 'ff'.repeat(32) })))).toEqual({ kind: 'refused', why: 'unsigned' });
  });

  it('takes one that is not in its form for garbage', async () => {
    const bytes = bytesOf(envelope(NETWORK));
    const place = Buffer.from(bytes).indexOf(Buffer.from('reason'));
    bytes[place] = 'R'.charCodeAt(0);
    expect(await decided(bytes)).toEqual({ kind: 'refused', why: 'garbage' });
  });
});
