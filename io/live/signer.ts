// The node's Ed25519 key, in a file that only its owner may read. It signs what the kernel asks for, and it is the node's
// name in the network: its libp2p peer id is made of the public half. Files hold PKCS #8 PEM, or 32 bytes as hexadecimal.

import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { privateKeyFromRaw, publicKeyFromRaw } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { peerIdFromPublicKey } from '@libp2p/peer-id';

export class KeyFault extends Error {
  override readonly name = 'KeyFault';
}

/** What may be shown of a key. */
export interface KeyInfo {
  readonly file: string;
  readonly format: 'pem' | 'hex';
  /** 32 bytes, hexadecimal: what the member list of a network names. */
  readonly publicKey: string;
  readonly peerId: string;
}

export interface NodeKey extends KeyInfo {
  readonly privateKey: KeyObject;
  /** The same key as libp2p wants it. */
  readonly transportKey: Ed25519PrivateKey;
}

/** Much more than a key takes; a device or a wrong file is not read to its end. */
const MAX_KEY_FILE = 4_096;
/** PKCS #8 of an Ed25519 seed: a fixed head, then the seed (RFC 8410). */
const PKCS8_HEAD: Buffer = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Makes a key in a new file, durably, readable by its owner only. An existing file is never overwritten. */
export function generateKey(file: string): KeyInfo {
  const { privateKey } = generateKeyPairSync('ed25519');
  const handle = opened(file, 'wx');
  try {
    writeSync(handle, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return inspectKey(file);
}

export function loadKey(file: string): NodeKey {
  const handle = opened(file, 'r');
  let text: string;
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) throw new KeyFault(`${file} is not a file; a key file is made by \`lockstep keys generate ${file}\``);
    if ((stat.mode & 0o077) !== 0 && process.platform !== 'win32') {
      throw new KeyFault(`${file} may be read by others (mode ${(stat.mode & 0o777).toString(8)}); run \`chmod 600 ${file}\`, or make a new key if others have seen it`);
    }
    if (stat.size > MAX_KEY_FILE) throw new KeyFault(`${file} has ${stat.size} bytes and is no key file; expected PEM or 64 hexadecimal digits`);
    text = readFileSync(handle, 'utf8').trim();
  } finally {
    closeSync(handle);
  }
  const format = text.startsWith('-----BEGIN') ? 'pem' : 'hex';
  const privateKey = parsed(file, text, format);
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d as string, 'base64url');
  const publicRaw = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x as string, 'base64url');
  const transportKey = privateKeyFromRaw(Buffer.concat([seed, publicRaw])) as Ed25519PrivateKey;
  return { file, format, publicKey: publicRaw.toString('hex'), peerId: peerIdOf(publicRaw.toString('hex')), privateKey, transportKey };
}

export function inspectKey(file: string): KeyInfo {
  const { format, publicKey, peerId } = loadKey(file);
  return { file, format, publicKey, peerId };
}

export function peerIdOf(publicKey: string): string {
  return peerIdFromPublicKey(publicKeyFromRaw(Buffer.from(publicKey, 'hex'))).toString();
}

function opened(file: string, flags: 'r' | 'wx'): number {
  try {
    return openSync(file, flags, 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') throw new KeyFault(`${file} exists already; a key is never overwritten: name another file or move it away`);
    if (code === 'ENOENT') throw new KeyFault(flags === 'r' ? `there is no key file ${file}; make one with \`lockstep keys generate ${file}\`` : `the directory of ${file} does not exist`);
    throw new KeyFault(`cannot open the key file ${file}: ${code ?? String(error)}`);
  }
}

function parsed(file: string, text: string, format: 'pem' | 'hex'): KeyObject {
  if (format === 'hex' && !/^[0-9a-fA-F]{64}$/.test(text)) {
    throw new KeyFault(`${file} holds no key; expected an Ed25519 key as PEM (PKCS #8) or as 64 hexadecimal digits`);
  }
  let key: KeyObject;
  try {
    key = format === 'pem' ? createPrivateKey(text) : createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, Buffer.from(text, 'hex')]), format: 'der', type: 'pkcs8' });
  } catch {
    throw new KeyFault(`${file} is damaged or protected by a password; expected an Ed25519 key as PEM (PKCS #8) without one`);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new KeyFault(`${file} holds a key of type ${key.asymmetricKeyType ?? 'unknown'}; expected Ed25519`);
  return key;
}

/** Signatures travel as base64url, 86 characters. */
export class FileSigner {
  private readonly key: KeyObject;

  constructor(key: NodeKey) {
    this.key = key.privateKey;
  }

  sign(text: string): string {
    return sign(null, Buffer.from(text, 'utf8'), this.key).toString('base64url');
  }
}

/** The public half as node:crypto wants it. */
export function verifyingKey(publicKey: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey, 'hex').toString('base64url') }, format: 'jwk' });
}

/** The bytes of a signature; undefined if the text is not the one form that a signature has. */
export function signatureBytes(signature: string): Buffer | undefined {
  const bytes = Buffer.from(signature, 'base64url');
  return bytes.length === 64 && bytes.toString('base64url') === signature ? bytes : undefined;
}

export function isSigned(text: string, signature: string, key: KeyObject): boolean {
  const bytes = signatureBytes(signature);
  return bytes !== undefined && verify(null, Buffer.from(text, 'utf8'), key, bytes);
}
