// What there is: scenarios, faults, properties, marks and planted bugs, one line each. The document of `sim --list --json`.

import type { Paint } from './paint.ts';

export interface Named {
  readonly name: string;
  readonly about: string;
}

export interface Listing {
  readonly scenarios: readonly Named[];
  readonly faults: readonly Named[];
  readonly properties: readonly { readonly id: string; readonly about: string; readonly kind: 'safety' | 'liveness' }[];
  readonly marks: readonly Named[];
  readonly mutants: readonly (Named & { readonly family: string })[];
}

export function renderListing(listing: Listing, paint: Paint): string {
  const sections: readonly (readonly [string, readonly Named[]])[] = [
    ['scenarios  (--scenario NAME, or all)', listing.scenarios],
    ['faults  (--faults none, all or LIST)', listing.faults],
    ['properties  (--properties LIST)', listing.properties.map(({ id, about, kind }) => ({ name: id, about: kind === 'liveness' ? `${about} (liveness)` : about }))],
    ['marks  (places that a good sweep reaches)', listing.marks],
    ['planted bugs  (--mutant NAME)', listing.mutants],
  ];
  return sections.map(([title, items]) => section(title, items, paint)).join('\n\n');
}

function section(title: string, items: readonly Named[], paint: Paint): string {
  const width = Math.max(0, ...items.map((item) => item.name.length)) + 2;
  return [paint.bold(title), ...items.map((item) => `  ${paint.cyan(item.name.padEnd(width))}${item.about}`)].join('\n');
}
