// A live node that is there to be killed: what it has written and not synced stays in its memory and goes with it. Otherwise it is
// the node that `lockstep node --config FILE` is, with one planted bug if a name follows the file.

import { Complaint, EXIT } from '../complaint.ts';

const [, , config = '', mutant] = process.argv;

try {
  if (mutant !== undefined) await (await import('../mutant-hook.ts')).plantByName(mutant);
  process.exitCode = await (await import('../node.ts')).node({ config }, 'hold');
} catch (error) {
  process.stderr.write(`lockstep: ${error instanceof Complaint ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = error instanceof Complaint ? error.exitCode : EXIT.ourBug;
}
