// Ed25519 in the simulated world (`--real-crypto`): keys follow from the seed and signatures are deterministic, so a run still
// has one digest; it is another one than with the stand-in, because signatures are part of what nodes say.

import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { Scheme } from '../io/sim/scheme.ts';
import type { NodeId } from '../kernel/base/ids.ts';

/** What stands before the 32 secret bytes in a PKCS #8 file of an Ed25519 key (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** And before the 32 public bytes in a SubjectPublicKeyInfo. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

function secretKey(label: string): KeyObject {
  const bytes = createHash('sha256').update(label).digest();
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, bytes]), format: 'der', type: 'pkcs8' });
}

const rawKey = (key: KeyObject): string => key.export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length).toString('hex');

export class RealSignatures implements Scheme {
  private readonly secret: readonly KeyObject[];
  private readonly known: readonly KeyObject[];
  private readonly seed: number;
  private readonly actors: Map<number, KeyObject> = new Map();

  constructor(seed: number, nodes: number) {
    this.seed = seed;
    this.secret = Array.from({ length: nodes + 1 }, (_, node) => secretKey(`lockstep simulated key ${seed} ${node}`));
    this.known = this.secret.map((key) => createPublicKey(key));
  }

  sign(node: NodeId, text: string): string {
    return sign(null, Buffer.from(text), this.secret[node] as KeyObject).toString('hex');
  }

  verify(node: NodeId, text: string, signature: string): boolean {
    const key = this.known[node];
    return key !== undefined && /^[0-9a-f]{128}$/.test(signature) && verify(null, Buffer.from(text), key, Buffer.from(signature, 'hex'));
  }

  keyOf(actor: number): string {
    return rawKey(createPublicKey(this.actor(actor)));
  }

  signAs(actor: number, bytes: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, bytes, this.actor(actor)));
  }

  verifyKey(key: string, bytes: Uint8Array, signature: Uint8Array): boolean {
    return verify(null, bytes, createPublicKey({ key: Buffer.concat([SPKI_HEAD, Buffer.from(key, 'hex')]), format: 'der', type: 'spki' }), signature);
  }

  private actor(actor: number): KeyObject {
    const known = this.actors.get(actor);
    if (known !== undefined) return known;
    const made = secretKey(`lockstep simulated actor ${this.seed} ${actor}`);
    this.actors.set(actor, made);
    return made;
  }
}
