// The page of a run whose names were chosen by somebody who means harm.

import { nodeId, type NeedId } from '../../kernel/base/ids.ts';
import { Recording } from '../../io/sim/recording.ts';
import { renderPage } from '../../reports/page-file.ts';
import { SAMPLE } from '../../reports/sample.ts';
import { timelineOf } from '../../reports/timeline/building.ts';

export const HOSTILE: string = '0/</script><script>globalThis.hacked=1</script><!--<img/src=x/onerror=globalThis.hacked=1>';

/** A need id may hold any printable character. */
export function hostilePage(): string {
  const recording = new Recording(10);
  const need = HOSTILE as NeedId;
  recording.invoked({ client: 1, number: 1, slot: 0, node: nodeId(1), operation: { kind: 'get', need, bucket: 0 }, invokedAt: 5, final: false });
  recording.faultBegan(HOSTILE, [], 7);
  const violation = { property: 'P2', message: HOSTILE, at: 10, nodes: [], evidence: [HOSTILE] };
  const timeline = timelineOf(recording, { nodes: 2, endUs: 100, violations: [violation] });
  const properties = SAMPLE.properties.map((property) => (property.violation === undefined ? property : { ...property, violation: { ...property.violation, message: HOSTILE, evidence: [HOSTILE] } }));
  return renderPage({ ...SAMPLE, scenario: HOSTILE, replay: HOSTILE, properties }, timeline);
}
