// Latencies in buckets that grow by one percent: from 10 us to beyond a minute in some 1,600 numbers that add up over processes.

const LEAST_US = 10;
const STEP: number = Math.log(1.01);
const BUCKETS = 1_700;

export const noLatencies = (): number[] => new Array<number>(BUCKETS).fill(0);

export function noteLatency(buckets: number[], ms: number): void {
  const bucket = Math.ceil(Math.log(Math.max(1, (ms * 1_000) / LEAST_US)) / STEP);
  const place = Math.min(bucket, BUCKETS - 1);
  buckets[place] = (buckets[place] as number) + 1;
}

/** The latency that `share` of all stay within, in milliseconds; NaN if there are none. */
export function quantileMs(buckets: readonly number[], share: number): number {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return NaN;
  let seen = 0;
  for (const [place, count] of buckets.entries()) {
    seen += count;
    if (seen >= share * total) return (LEAST_US * Math.exp(place * STEP)) / 1_000;
  }
  return NaN;
}

export function summed(all: readonly (readonly number[])[]): number[] {
  const out: number[] = [];
  for (const one of all) for (const [place, count] of one.entries()) out[place] = (out[place] ?? 0) + count;
  return out;
}
