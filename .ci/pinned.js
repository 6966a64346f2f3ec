// node .ci/pinned.js PROGRAM ARGS...: runs a tool or a program of this repository on the pinned Node. npm scripts use it
// instead of node_modules/.bin/node, which npm 10 removes again after linking (another platform's package claims the name).

import { runPinned } from '../node/pinned.js';

const [program] = process.argv.splice(2, 1);
if (program === undefined) {
  console.error('pinned: expected the path of a program, relative to the repository root.');
  process.exitCode = 2;
} else {
  await runPinned(program);
}
