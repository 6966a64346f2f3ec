// `lockstep sim --list`.

import { renderListing } from '../reports/listing.ts';
import { paintFor } from '../reports/paint.ts';
import { catalogue } from './catalogue.ts';
import { EXIT } from './complaint.ts';

export function list(json: boolean): number {
  const listing = catalogue();
  process.stdout.write(json ? `${JSON.stringify(listing)}\n` : `${renderListing(listing, paintFor(process.stdout.isTTY, process.env))}\n`);
  return EXIT.held;
}
