// A data directory at rest, for reading only.

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Folder } from '../journal-read.ts';
import { lockHolder } from './lock.ts';

export type OpenedFolder = { readonly ok: true; readonly folder: Folder } | { readonly ok: false; readonly text: string };

/** The files of a data directory, or why it cannot be read. Nothing in it is changed. */
export function openFolder(directory: string): OpenedFolder {
  let names: string[];
  try {
    names = fs.readdirSync(directory);
  } catch {
    return { ok: false, text: `There is no data directory ${directory}: give the directory that holds the node's journal-*.log files.` };
  }
  if (!names.some((name) => name.startsWith('journal-') || name.startsWith('snapshot-'))) {
    return { ok: false, text: `${directory} holds no journal: expected files named journal-*.log, found ${names.length === 0 ? 'nothing' : names.slice(0, 3).join(', ')}.` };
  }
  const holder = lockHolder(directory);
  if (holder !== undefined) return { ok: false, text: `The data directory ${directory} is in use by process ${holder}: stop the node, or replay a copy.` };
  return { ok: true, folder: { list: () => fs.readdirSync(directory), read: (file) => readFile(path.join(directory, file)) } };
}

function readFile(file: string): Uint8Array | undefined {
  try {
    return new Uint8Array(fs.readFileSync(file));
  } catch {
    return undefined;
  }
}
