// What a page shows of a run: recorded while it is simulated, and put together when it is over. Loaded only if a page was asked for.

import { Recording } from '../io/sim/recording.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import { timelineOf } from '../reports/timeline/building.ts';
import type { Timeline } from '../reports/timeline/timeline.ts';
import type { RunResult } from '../scenarios/scenario.ts';

/** About what fits into a page; how much really does is seen when it is put together. */
const STEPS = 24_000;

export function recordingOf(): Recording {
  return new Recording(STEPS);
}

export function timelineOfRun(recording: Recording, runFile: RunFile, result: RunResult): Timeline {
  const violations = result.properties.flatMap(({ id, violation }) => {
    if (violation === undefined) return [];
    const { message, at, nodes, sequence, evidence } = violation;
    return [{ property: id, message, at, nodes, evidence: evidence ?? [], ...(sequence === undefined ? {} : { sequence }) }];
  });
  return timelineOf(recording, { nodes: runFile.nodes, endUs: result.simulatedUs, violations });
}
