#!/usr/bin/env node
import { runPinned } from './pinned.js';

await runPinned('node/lockstep.ts', { compileCache: true });
