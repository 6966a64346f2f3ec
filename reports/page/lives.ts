// When each node was down, and when it led which group: read once from what befell it and how its state changed.

import type { Led } from './picture.ts';
import type { RunData } from './run-data.ts';

export function downTimes(data: RunData): (readonly [number, number])[][] {
  const down: (readonly [number, number])[][] = Array.from({ length: data.line.nodes + 1 }, () => []);
  const since: number[] = [];
  data.line.start.forEach(({ up }, place) => (since[place + 1] = up ? -1 : 0));
  for (const [node, at, kind] of data.line.befell) {
    const what = data.tables.befell[kind];
    const from = since[node] ?? -1;
    if (what === 'restarted') {
      if (from >= 0) down[node]?.push([from, at]);
      since[node] = -1;
    } else if (what !== 'damaged' && from < 0) since[node] = at;
  }
  since.forEach((from, node) => {
    if (from >= 0) down[node]?.push([from, data.endUs]);
  });
  return down;
}

/** A process that ends leads nothing any more, whatever it held. */
export function leaderships(data: RunData): Led[][] {
  const { steps, start } = data.line;
  const width = data.tables.fields.length;
  const leads = data.tables.roles.indexOf('leader');
  const down = downTimes(data);
  return Array.from({ length: data.line.nodes + 1 }, (_, node) => {
    const out: Led[] = [];
    const open: (Led | undefined)[] = [];
    const terms: number[] = [];
    const set = (slot: number, value: number, at: number): void => {
      const group = Math.floor(slot / width);
      if (slot % width === 1) terms[group] = value;
      if (slot % width !== 0) return;
      const led = open[group];
      if (led !== undefined) led.until = at;
      open[group] = undefined;
      if (value === leads) out.push((open[group] = { group, term: terms[group] ?? 0, from: at, until: data.endUs }));
    };
    const fields = start[node - 1]?.fields ?? [];
    for (let i = 0; i < fields.length; i += 2) set(fields[i] as number, fields[i + 1] as number, 0);
    for (const step of data.stepsOf[node] as readonly number[]) {
      const changes = steps.changes[step] ?? [];
      for (let i = 0; i < changes.length; i += 2) set(changes[i] as number, changes[i + 1] as number, steps.at[step] as number);
    }
    for (const led of out) for (const [from] of down[node] ?? []) if (from >= led.from && from < led.until) led.until = from;
    return out;
  });
}
