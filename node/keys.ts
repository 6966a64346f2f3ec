// `lockstep keys`: the key of a node. Its public half is what the member list of a network names; its secret half never leaves
// the file.

import { generateKey, inspectKey, KeyFault, type KeyInfo } from '../io/live/signer.ts';
import { Complaint, EXIT } from './complaint.ts';

export interface KeysFlags {
  readonly json?: boolean;
}

export function keys(action: 'generate' | 'inspect', file: string, flags: KeysFlags): number {
  let key: KeyInfo;
  try {
    key = action === 'generate' ? generateKey(file) : inspectKey(file);
  } catch (error) {
    if (error instanceof KeyFault) throw new Complaint(error.message);
    throw error;
  }
  if (flags.json === true) process.stdout.write(`${JSON.stringify(key)}\n`);
  else process.stdout.write(`file        ${key.file} (${key.format})\npublic key  ${key.publicKey}\npeer id     ${key.peerId}\n`);
  return EXIT.held;
}
