// Failures that somebody has looked at and that are not mended yet, so that a sweep can go on telling of new ones. A failure is
// a known one if it fails in the very same way and breaks no promise besides: what is new in a known run still counts.

import { readFileSync, statSync } from 'node:fs';
import type { FailedRun, KnownFailure } from '../reports/sweep-report.ts';
import { Complaint } from './complaint.ts';

const MAX_BYTES = 1 << 20;
const SHAPE = '[{"signature": "...", "properties": ["..."], "why": "..."}]';

export function loadKnownFailures(path: string): KnownFailure[] {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined || !there.isFile()) throw new Complaint(`--known expects a file of known failures, and there is none at "${path}"`);
  if (there.size > MAX_BYTES) throw new Complaint(`the file of known failures "${path}" has ${there.size} bytes, at most ${MAX_BYTES} are read`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new Complaint(`the file of known failures "${path}" is not JSON: expected ${SHAPE}`);
  }
  if (!Array.isArray(content)) throw new Complaint(`the file of known failures "${path}" is no list: expected ${SHAPE}`);
  return content.map((entry: unknown, place) => {
    if (!isKnownFailure(entry)) throw new Complaint(`entry ${place + 1} of the known failures in "${path}" is none: expected ${SHAPE}`);
    return { signature: entry.signature, properties: [...entry.properties], why: entry.why };
  });
}

function isKnownFailure(entry: unknown): entry is KnownFailure {
  if (typeof entry !== 'object' || entry === null) return false;
  const { signature, properties, why, ...rest } = entry as Record<string, unknown>;
  return typeof signature === 'string' && typeof why === 'string' && why !== '' && Array.isArray(properties) && properties.every((one) => typeof one === 'string') && Object.keys(rest).length === 0;
}

export function isKnown(failure: FailedRun, known: readonly KnownFailure[]): boolean {
  return known.some((one) => one.signature === failure.signature && failure.properties.every((property) => one.properties.includes(property)));
}
