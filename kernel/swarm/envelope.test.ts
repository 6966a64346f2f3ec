import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import * as oracle from '@ipld/dag-cbor';
import { describe, expect, it } from 'vitest';
import { encodeDagCbor, Float, type DagValue } from '../base/dag-cbor.ts';
import { sha256 } from '../base/hash.ts';
import { Random } from '../base/random.ts';
import { decodeEnvelope, draft, draftOf, genesisOf, MAX_ENVELOPE_BYTES, MAX_PAYLOAD_BYTES, type Head } from './envelope.ts';
import { carry, MAX_CARRIED_BYTES } from './message.ts';
import { KINDS } from './payload.ts';
import { Broken } from './schema.ts';
import { mutated, sampleEnvelope, samplePayload } from './testing/samples.ts';

const GENESIS = genesisOf('test');
/** RFC 8032, 7.1, test 1: its secret key. */
const SECRET = createPrivateKey({ key: Buffer.from('302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'), format: 'der', type: 'pkcs8' });
const PUBLIC = createPublicKey(SECRET);
const SENDER = PUBLIC.export({ format: 'der', type: 'spki' }).subarray(12).toString('hex');
const HASH = 'ab'.repeat(32);
const HEAD: Head = {
  threadId: 'thread-1', lamport: 7, tsNs: 1_700_000_000_000_000_123n, sender: SENDER, policyEngineHash: HASH, policyCapsuleHash: HASH, policyEvalDigest: HASH, traceId: 'cd'.repeat(16), nonce: 'ef'.repeat(16),
};
const SIGNATURE = new Uint8Array(64).fill(5);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The entries of an envelope, to be tampered with. */
function entries(): Map<string, DagValue> {
  return new Map<string, DagValue>([...draft(GENESIS, HEAD, 'YIELD', { taskId: 't', reason: 'r' }).entries, ['signature', SIGNATURE]]);
}

describe('an envelope', () => {
  it('of each kind is read as it was written, by us and by the library of IPLD', () => {
    const random = Random.of(1, 'envelopes');
    for (const kind of KINDS) {
      const payload = samplePayload(kind, random);
      const made = draft(GENESIS, HEAD, kind, payload);
      const bytes = made.sealedBy(SIGNATURE);
      const decoded = decodeEnvelope(bytes, GENESIS);
      if (!decoded.ok) throw new Error(decoded.fault);
      expect(decoded.envelope).toMatchObject({ ...HEAD, kind, id: made.id, said: { kind, payload } });
      expect(hex(decoded.signed)).toBe(hex(made.signed));
      // The signed bytes are the genesis and what the library writes of all fields but the signature.
      const { signature, ...rest } = oracle.decode<{ signature: Uint8Array; payload: unknown; payloadHash: { multihash: { digest: Uint8Array } } }>(bytes);
      expect(hex(signature)).toBe(hex(SIGNATURE));
      expect(hex(decoded.signed)).toBe(GENESIS + hex(oracle.encode(rest)));
      expect(hex(rest.payloadHash.multihash.digest)).toBe(sha256(oracle.encode(rest.payload)));
      expect(made.id).toBe(sha256(made.signed));
    }
  });

  it('is signed for one network: elsewhere it has another id, and its signature does not fit', () => {
    const made = draft(GENESIS, HEAD, 'YIELD', { taskId: 't', reason: 'r' });
    const bytes = made.sealedBy(sign(null, made.signed, SECRET));
    const [here, there] = [decodeEnvelope(bytes, GENESIS), decodeEnvelope(bytes, genesisOf('another'))];
    if (!here.ok || !there.ok) throw new Error('it is an envelope in both');
    expect(verify(null, here.signed, PUBLIC, here.envelope.signature)).toBe(true);
    expect(verify(null, there.signed, PUBLIC, there.envelope.signature)).toBe(false);
    expect(there.envelope.id).not.toBe(here.envelope.id);
  });

  it('keeps its id whoever signs it how often, and no other content has that id', () => {
    const made = draft(GENESIS, HEAD, 'YIELD', { taskId: 't', reason: 'r' });
    const ids = [SIGNATURE, SIGNATURE.map((byte) => byte + 1)].map((signature) => decodeEnvelope(made.sealedBy(signature), GENESIS)).map((one) => (one.ok ? one.envelope.id : ''));
    expect(ids).toEqual([made.id, made.id]);
    const others = [{ ...HEAD, lamport: 8 }, { ...HEAD, nonce: '00'.repeat(16) }, { ...HEAD, sender: HASH }].map((head) => draft(GENESIS, head, 'YIELD', { taskId: 't', reason: 'r' }).id);
    expect(new Set([made.id, ...others]).size).toBe(4);
  });

  it.each<[string, (fields: Map<string, DagValue>) => unknown]>([
    ['unknownVersion', (f) => f.set('v', 2)],
    ['unknownVersion', (f) => f.set('v', new Float(1))],
    ['unknownKind', (f) => f.set('kind', 'PRAISE')],
    ['unknownKind', (f) => f.set('kind', 'toString')],
    ['unknownField', (f) => f.set('id', HASH)],
    ['threadId.notAName', (f) => f.set('threadId', '')],
    ['lamport.notPositive', (f) => f.set('lamport', 0)],
    ['lamport.tooLarge', (f) => f.set('lamport', 2 ** 52 + 1)],
    ['lamport.notAnInteger', (f) => f.set('lamport', new Float(7))],
    ['tsNs.notPositive', (f) => f.set('tsNs', 0)],
    ['tsNs.tooLarge', (f) => f.set('tsNs', 2n ** 63n)],
    ['sender.wrongLength', (f) => f.set('sender', new Uint8Array(31))],
    ['policyEngineHash.notALink', (f) => f.set('policyEngineHash', new Uint8Array(36))],
    ['policyEngineHash.otherLink', (f) => f.set('policyEngineHash', f.get('policyCapsuleHash') as DagValue)],
    ['policyEvalDigest.notBytes', (f) => f.set('policyEvalDigest', HASH)],
    ['traceId.wrongLength', (f) => f.set('traceId', new Uint8Array(17))],
    ['nonce.missing', (f) => f.delete('nonce')],
    ['payload.missing', (f) => f.delete('payload')],
    ['signature.missing', (f) => f.delete('signature')],
    ['signature.wrongLength', (f) => f.set('signature', new Uint8Array(63))],
    ['payloadHash.otherLink', (f) => f.set('payloadHash', f.get('policyEngineHash') as DagValue)],
    ['payloadHash.notALink', (f) => f.set('payloadHash', 1)],
    ['payloadHashDiffers', (f) => f.set('payload', new Map([['taskId', 't'], ['reason', 's']]))],
    ['tooDeep', (f) => f.set('payload', Array.from({ length: 9 }).reduce<DagValue>((inner) => [inner], []))],
    ['tooManyItems', (f) => f.set('payload', Array.from({ length: 70_000 }, () => 0))],
    ['payloadTooLarge', (f) => f.set('payload', new Uint8Array(MAX_PAYLOAD_BYTES - 4))],
    ['tooManyBytes', (f) => f.set('payload', new Uint8Array(MAX_ENVELOPE_BYTES))],
  ])('is none if it has %s', (fault, change) => {
    const fields = entries();
    expect(decodeEnvelope(encodeDagCbor(fields), GENESIS).ok).toBe(true);
    change(fields);
    expect(decodeEnvelope(encodeDagCbor(fields), GENESIS)).toMatchObject({ ok: false, fault });
  });

  it('is none in any other form than its own', () => {
    const bytes = draft(GENESIS, HEAD, 'YIELD', { taskId: 't', reason: 'r' }).sealedBy(SIGNATURE);
    const digits = hex(bytes);
    const faultOf = (other: string): string => {
      const decoded = decodeEnvelope(new Uint8Array(Buffer.from(other, 'hex')), GENESIS);
      return decoded.ok ? 'accepted' : decoded.fault;
    };
    expect(faultOf(`${digits}00`)).toBe('trailingBytes');
    expect(faultOf(digits.slice(0, -2))).toBe('endsEarly');
    expect(faultOf(digits.replace(/^ae/, 'b80e'))).toBe('longForm');
    expect(faultOf(`${digits.replace(/^ae/, 'bf')}ff`)).toBe('indefinite');
    expect(faultOf(digits.replace('617601', '61761801'))).toBe('longForm');
    expect(faultOf('80')).toBe('notAMap');
    expect(faultOf('a0')).toBe('unknownVersion');
    // The same fields in the order of the alphabet.
    const [v, kind] = ['617601', '646b696e64655949454c44'];
    expect(digits.startsWith(`ae${v}${kind}`)).toBe(true);
    expect(faultOf(digits.replace(`${v}${kind}`, `${kind}${v}`))).toBe('keyOrder');
    expect(faultOf(digits.replace('ae', 'af').replace(v, `${v}${v}`))).toBe('duplicateKey');
  });

  it('that breaks a rule of its kind is one all the same, and says which', () => {
    const made = draftOf(GENESIS, HEAD, 'YIELD', new Map([['taskId', 't']]));
    const decoded = decodeEnvelope(made.sealedBy(SIGNATURE), GENESIS);
    expect(decoded.ok && decoded.envelope.said).toEqual(new Broken('reason.missing'));
  });

  it('with a large payload is read, and is not carried between nodes', () => {
    const ops = Array.from({ length: 255 }, () => new Uint8Array(4_096).fill(9));
    const bytes = draft(GENESIS, HEAD, 'UPDATE_PLAN', { ops }).sealedBy(SIGNATURE);
    expect(bytes.length).toBeGreaterThan(1_000_000);
    expect(decodeEnvelope(bytes, GENESIS)).toMatchObject({ ok: true, envelope: { said: { kind: 'UPDATE_PLAN' } } });
    expect(bytes.length).toBeGreaterThan(MAX_CARRIED_BYTES);
    expect(carry(bytes, GENESIS)).toEqual({ ok: false, fault: 'tooLargeToCarry' });
  });

  it('mutated 50,000 times is refused or has one form; a million times: bench envelope/mutations', () => {
    const random = Random.of(1, 'envelope mutations');
    const samples = KINDS.map((kind) => sampleEnvelope(GENESIS, kind, random));
    let accepted = 0;
    for (let i = 0; i < 50_000; i++) {
      const bytes = mutated(random, samples);
      const decoded = decodeEnvelope(bytes, GENESIS);
      if (!decoded.ok) continue;
      accepted++;
      // What the signature covers, and it, are all of the bytes.
      if (decoded.signed.length - 32 + 76 !== bytes.length) throw new Error(`bytes that are not covered: ${hex(bytes)}`);
    }
    expect(accepted).toBeGreaterThan(500);
  }, 120_000);
});
