// Run files on disk: written atomically, and read with suspicion.

import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RunFile } from '../io/sim/run-file.ts';
import { MAX_RUN_FILE_BYTES, readRunFile, writeRunFile } from '../scenarios/run-file-reading.ts';
import { unknownWord } from './arguments.ts';
import { Complaint } from './complaint.ts';

export function saveRunFile(path: string, run: RunFile): void {
  saveFile(path, writeRunFile(run));
}

const draftOf = (path: string): string => `${path}.${process.pid}.tmp`;

/** All of it or nothing. */
export function saveFile(path: string, text: string): void {
  try {
    writeFileSync(draftOf(path), text);
    renameSync(draftOf(path), path);
  } catch (error) {
    rmSync(draftOf(path), { force: true });
    throw new Complaint(`cannot write ${path}: ${(error as Error).message}`);
  }
}

/** Refuses early what could not be written late, after a long run. */
export function requireFolderOf(path: string, flag: string): void {
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true) throw new Complaint(`${flag} expects a file in a folder that exists, got "${path}"`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw new Complaint(`${flag} expects a file, and "${path}" is a folder`);
}

/** The same, found out by trying: who may write where is not told by a folder's permissions alone. */
export function requireWritable(path: string, flag: string): void {
  requireFolderOf(path, flag);
  try {
    writeFileSync(draftOf(path), '');
    rmSync(draftOf(path));
  } catch (error) {
    throw new Complaint(`${flag} expects a file that can be written, and "${path}" cannot be written: ${(error as Error).message}`);
  }
}

export function loadRunFile(path: string): RunFile {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) throw new Complaint(`no run file at "${path}": "lockstep sim --seed 42 --save ${path}" writes one`);
  if (!there.isFile()) throw new Complaint(`expected a run file at "${path}", found something that is no file`);
  if (there.size > MAX_RUN_FILE_BYTES) throw new Complaint(`the run file "${path}" has ${there.size} bytes, at most ${MAX_RUN_FILE_BYTES} are read`);
  const read = readRunFile(readFileSync(path, 'utf8'), (noun, word, words) => unknownWord(word, noun, words));
  if (!read.ok) throw new Complaint(`the run file "${path}" ${read.problem}`);
  return read.run;
}
