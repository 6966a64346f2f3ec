// Everything that can be named on the command line, from the places where it is defined.

import { MARKS } from '../io/sim/marks.ts';
import { FAULTS } from '../nemesis/faults.ts';
import { MUTANTS } from '../nemesis/mutants/list.ts';
import { properties } from '../properties/all.ts';
import type { Listing } from '../reports/listing.ts';
import { SCENARIOS } from '../scenarios/list.ts';

export type Catalogue = Listing;

export function catalogue(): Catalogue {
  return {
    scenarios: SCENARIOS.map(({ name, about }) => ({ name, about })),
    faults: FAULTS.map(({ name, about }) => ({ name, about })),
    properties: properties.map(({ id, claim, kind }) => ({ id, about: claim, kind })),
    marks: MARKS,
    mutants: MUTANTS.map(({ name, family, about }) => ({ name, family, about })),
  };
}
