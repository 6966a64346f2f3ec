// Which slips are tried: drawn from all places in the code that the claims are about.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../../kernel/base/random.ts';
import { Complaint } from '../complaint.ts';
import { fileOf } from './names.ts';
import { sitesOf, type Site } from './sites.ts';

const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS: readonly string[] = ['kernel/raft', 'kernel/decide'];
const FILES: readonly string[] = ['io/loop.ts', 'io/journal.ts'];

export const sourceOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The files that slips are drawn from. */
export function subjects(): string[] {
  const inFolders = FOLDERS.flatMap((folder) => readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).map((name) => `${folder}/${name}`));
  return [...inFolders, ...FILES].sort((a, b) => (a < b ? -1 : 1));
}

export interface Drawn {
  /** In how many places a slip could be. */
  readonly places: number;
  readonly sites: readonly Site[];
}

export function drawn(count: number, seed: number): Drawn {
  const all = subjects().flatMap((file) => sitesOf(file, sourceOf(file)));
  return { places: all.length, sites: Random.of(seed, 'operators').shuffled(all).slice(0, count) };
}

/** The slip of this name; undefined if the source has none there. */
export function siteNamed(name: string): Site | undefined {
  const file = fileOf(name);
  if (file === undefined || !subjects().includes(file)) return undefined;
  return sitesOf(file, sourceOf(file)).find((site) => site.name === name);
}

export function requireSite(name: string): void {
  if (siteNamed(name) === undefined) throw new Complaint(`there is no place for the slip "${name}" in the sources as they are: "mutants --operators 200" names some that exist`);
}
