// Ed25519 in the simulated world (`--real-crypto`): keys follow from the seed and signatures are deterministic, so a run still
// has one digest; it is another one than with the stand-in, because signatures are part of what nodes say.

import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { Scheme } from '../io/sim/scheme.ts';
import type { NodeId } from '../kernel/base/ids.ts';

/** What stands before the 32 secret bytes in a PKCS #8 file of an Ed25519 key (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export class RealSignatures implements Scheme {
  private readonly secret: readonly KeyObject[];
  private readonly known: readonly KeyObject[];

  constructor(seed: number, nodes: number) {
    this.secret = Array.from({ length: nodes + 1 }, (_, node) => {
      const bytes = createHash('sha256').update(`lockstep simulated key ${seed} ${node}`).digest();
      return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, bytes]), format: 'der', type: 'pkcs8' });
    });
    this.known = this.secret.map((key) => createPublicKey(key));
  }

  sign(node: NodeId, text: string): string {
    return sign(null, Buffer.from(text), this.secret[node] as KeyObject).toString('hex');
  }

  verify(node: NodeId, text: string, signature: string): boolean {
    const key = this.known[node];
    return key !== undefined && /^[0-9a-f]{128}$/.test(signature) && verify(null, Buffer.from(text), key, Buffer.from(signature, 'hex'));
  }
}
