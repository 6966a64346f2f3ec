import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FileSigner, generateKey, inspectKey, isSigned, KeyFault, loadKey, verifyingKey } from './signer.ts';

const directory = mkdtempSync(join(tmpdir(), 'lockstep-keys-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => join(directory, `${++made}.key`);

function holding(content: string): string {
  const file = fresh();
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

/** RFC 8032, section 7.1, test 2: seed, public key, message 0x72 and its signature. */
const SEED = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
const PUBLIC = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
const SIGNATURE = '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';

test('it signs as RFC 8032 says', () => {
  const key = loadKey(holding(SEED));
  expect(key.publicKey).toBe(PUBLIC);
  expect(Buffer.from(new FileSigner(key).sign('r'), 'base64url').toString('hex')).toBe(SIGNATURE);
  expect(isSigned('r', Buffer.from(SIGNATURE, 'hex').toString('base64url'), verifyingKey(PUBLIC))).toBe(true);
});

test('a new key is durable, private, and the same when it is read again', () => {
  const file = fresh();
  const info = generateKey(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(inspectKey(file)).toEqual(info);
  expect(info.peerId).toMatch(/^12D3KooW/);
  expect(generateKey(fresh()).publicKey).not.toBe(info.publicKey);
});

test('what is shown of a key does not contain the key', () => {
  const file = fresh();
  generateKey(file);
  const secret = loadKey(file).privateKey.export({ format: 'jwk' }).d as string;
  const shown = JSON.stringify(inspectKey(file));
  expect(shown).not.toContain(secret);
  expect(shown).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));
});

test.skipIf(spawnSync('openssl', ['version']).status !== 0)('a key made by OpenSSL is read, and OpenSSL finds the same public half', () => {
  const file = fresh();
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', file], { stdio: 'ignore' });
  chmodSync(file, 0o600);
  const der = execFileSync('openssl', ['pkey', '-in', file, '-pubout', '-outform', 'DER']);
  expect(loadKey(file).publicKey).toBe(der.subarray(-32).toString('hex'));
});

test('a signature has one form, and fits one text and one key only', () => {
  const key = loadKey(holding(SEED));
  const other = loadKey(holding(SEED.replace('4c', '4d')));
  const signature = new FileSigner(key).sign('text');
  expect(isSigned('text', signature, verifyingKey(key.publicKey))).toBe(true);
  expect(isSigned('texT', signature, verifyingKey(key.publicKey))).toBe(false);
  expect(isSigned('text', signature, verifyingKey(other.publicKey))).toBe(false);
  for (const form of [`${signature}=`, ` ${signature}`, signature.slice(0, -1), '', Buffer.from(signature, 'base64url').toString('hex')]) {
    expect(isSigned('text', form, verifyingKey(key.publicKey))).toBe(false);
  }
});

describe('a file that is not right is refused in one sentence', () => {
  const cases: [string, () => string, RegExp][] = [
    ['missing', () => join(directory, 'none'), /^there is no key file .*; make one with `lockstep keys generate /],
    ['readable by others', () => {
      const file = holding(SEED);
      chmodSync(file, 0o644);
      return file;
    }, /may be read by others \(mode 644\); run `chmod 600 /],
    ['empty', () => holding(''), /holds no key; expected an Ed25519 key as PEM/],
    ['too short', () => holding(SEED.slice(2)), /holds no key/],
    ['huge', () => holding('a'.repeat(5_000)), /5000 bytes and is no key file/],
    ['damaged PEM', () => holding('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'), /is damaged or protected/],
    ['a directory', () => directory, /is not a file/],
  ];
  test.each(cases)('%s', (_, file, sentence) => {
    const attempt = (): unknown => loadKey(file());
    expect(attempt).toThrow(KeyFault);
    expect(attempt).toThrow(sentence);
  });

  test('another kind of key', () => {
    const file = fresh();
    execFileSync(process.execPath, ['-e', `const c=require('crypto');require('fs').writeFileSync(process.argv[1],c.generateKeyPairSync('ec',{namedCurve:'P-256'}).privateKey.export({type:'pkcs8',format:'pem'}),{mode:0o600})`, file]);
    expect(() => loadKey(file)).toThrow(/holds a key of type ec; expected Ed25519$/);
  });

  test('a file that exists is never overwritten', () => {
    const file = holding('precious');
    expect(() => generateKey(file)).toThrow(/exists already; a key is never overwritten/);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });
});
