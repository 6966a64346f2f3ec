// Reads the values of flags. Each reader either returns the value or complains in one sentence that names the flag, what it
// expects and what it got.

import { MINUTE, MS, SECOND, type Micros } from '../kernel/base/time.ts';
import { Complaint } from './complaint.ts';
import { nearest } from './nearest.ts';

const HOUR = 60 * MINUTE;
const UNITS: Readonly<Record<string, Micros>> = { us: 1, ms: MS, s: SECOND, m: MINUTE, h: HOUR };
const LONGEST = 24 * HOUR;

export function readSeed(text: string, flag = '--seed'): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) throw new Complaint(`${flag} expects a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, got "${text}": try ${flag} 42`);
  return value;
}

export interface SeedRange {
  readonly from: number;
  readonly to: number;
}

export function readSeeds(text: string): SeedRange {
  const match = /^(\d{1,16})\.\.(\d{1,16})$/.exec(text);
  if (match === null) throw new Complaint(`--seeds expects a range such as 1..1000, got "${text}": for one seed use --seed`);
  const from = readSeed(match[1] as string, '--seeds');
  const to = readSeed(match[2] as string, '--seeds');
  if (to < from) throw new Complaint(`--seeds expects the smaller number first, got "${text}": try --seeds ${to}..${from}`);
  if (to - from >= 100_000_000) throw new Complaint(`--seeds expects at most 100000000 seeds at once, got ${to - from + 1}`);
  return { from, to };
}

export function readDuration(text: string, flag = '--for'): Micros {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)(us|ms|s|m|h)$/.exec(text);
  if (match === null) throw new Complaint(`${flag} expects a duration such as 10m, 30s or 500ms, got "${text}"`);
  const us = Math.round(Number(match[1]) * (UNITS[match[2] as string] as number));
  if (us < 1 || us > LONGEST) throw new Complaint(`${flag} expects more than nothing and at most 24h, got "${text}"`);
  return us;
}

export function readCount(text: string, flag: string, least: number, most: number): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) throw new Complaint(`${flag} expects a whole number from ${least} to ${most}, got "${text}"`);
  return value;
}

/** One of `words`, or the complaint that says which is nearest. `noun` is what the word names: "scenario". */
export function readWord(text: string, noun: string, words: readonly string[]): string {
  if (words.includes(text)) return text;
  throw new Complaint(unknownWord(text, noun, words));
}

export function unknownWord(text: string, noun: string, words: readonly string[]): string {
  const near = nearest(text, words);
  if (near === undefined) return `unknown ${noun} "${text}": this version has none`;
  const all = words.length <= 12 ? ` (expected one of: ${words.join(', ')})` : ` (${words.length} are listed by "lockstep sim --list")`;
  return `unknown ${noun} "${text}": did you mean "${near}"?${all}`;
}

/** A comma-separated list of such words, without repetitions. */
export function readWords(text: string, noun: string, words: readonly string[]): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return [...new Set(parts)].map((part) => readWord(part, noun, words));
}
