// The kernel's name for people and machines: sha256 over its sources. Two runs can be compared only if it is the same.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

let known: string | undefined;

/** 64 hexadecimal digits over path and content of every kernel source that is no test, in order of path. */
export function kernelHash(): string {
  known ??= hashSources(fileURLToPath(new URL('../kernel', import.meta.url)));
  return known;
}

function hashSources(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.endsWith('.d.ts'))
    .sort((a, b) => (a < b ? -1 : 1));
  const hash = createHash('sha256');
  for (const file of files) {
    const text = readFileSync(join(folder, file));
    hash.update(`${file}\0${text.length}\0`).update(text);
  }
  return hash.digest('hex');
}
