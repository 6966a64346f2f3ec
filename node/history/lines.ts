// The lines of a file, read piece by piece: a file may be larger than memory, and a line that is no line ends the reading.

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { Complaint } from '../complaint.ts';
import { LineFault } from './history-event.ts';

const PIECE = 1 << 20;
export const LONGEST_LINE: number = 16 << 20;
const NEWLINE = 10;

/** Calls `told` with every line, until it returns false. */
export function readLines(path: string, told: (text: string, number: number) => boolean): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) throw new Complaint(`no history at "${path}": expected a file of operations ("lockstep check --help" shows the formats)`);
  if (there.isDirectory()) throw new Complaint(`expected a history at "${path}", found a directory: "lockstep sim --dump DIR" writes one as DIR/history.jsonl`);
  const file = opened(path);
  try {
    split(file, told);
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new Complaint(`the history at "${path}" cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'it does not open'}`);
  }
}

function split(file: number, told: (text: string, number: number) => boolean): void {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const piece = Buffer.alloc(PIECE);
  let parts: Buffer[] = [];
  let length = 0;
  let number = 1;
  const tell = (): boolean => told(text(decoder, parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), number), number);
  for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
    for (let from = 0; from < read;) {
      const newline = piece.subarray(0, read).indexOf(NEWLINE, from);
      const to = newline < 0 ? read : newline;
      length += to - from;
      if (length > LONGEST_LINE) throw new LineFault(number, `the line is longer than ${LONGEST_LINE >> 20} MiB`);
      // The piece is read into again.
      parts.push(Buffer.from(piece.subarray(from, to)));
      from = to + 1;
      if (newline < 0) break;
      if (!tell()) return;
      parts = [];
      length = 0;
      number++;
    }
  }
  if (length > 0) tell();
}

function text(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer, line: number): string {
  if (bytes.includes(0)) throw new LineFault(line, 'the line holds a NUL byte: expected text');
  let decoded: string;
  try {
    decoded = decoder.decode(bytes);
  } catch {
    throw new LineFault(line, 'the line is not UTF-8 text');
  }
  return decoded.endsWith('\r') ? decoded.slice(0, -1) : decoded;
}
