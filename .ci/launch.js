import { runPinned } from '../node/pinned.js';

await runPinned('.ci/test.ts');
