// JUnit XML, which every CI system shows: one test case for each property of each run. A property that was not exercised is
// skipped, not passed.

import type { PropertyReport, RunReport } from './run-report.ts';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  // XML 1.0 has no way to write most control characters.
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?').replace(/[&<>"]/g, (character) => ESCAPES[character] as string);
}

function testCase(property: PropertyReport, suite: string, seconds: number): string {
  const open = `    <testcase classname="${escaped(suite)}" name="${escaped(`${property.id}: ${property.claim}`)}" time="${seconds.toFixed(3)}"`;
  if (property.verdict === 'held') return `${open}/>`;
  if (property.verdict === 'not-exercised') return `${open}>\n      <skipped message="not exercised: no decisive evidence"/>\n    </testcase>`;
  const violation = property.violation;
  const evidence = violation === undefined ? '' : [`at ${violation.atUs} us`, ...violation.evidence].join('\n');
  return `${open}>\n      <failure type="${property.kind}" message="${escaped(violation?.message ?? property.claim)}">${escaped(evidence)}</failure>\n    </testcase>`;
}

export function renderJunit(runs: readonly RunReport[]): string {
  const suites = runs.map((run) => {
    const name = `${run.scenario} seed ${run.seed}`;
    const count = (verdict: string): number => run.properties.filter((property) => property.verdict === verdict).length;
    const seconds = run.wallMs / 1_000;
    const broke = run.broke === undefined ? '' : `    <testcase classname="${escaped(name)}" name="the run completes"><error message="${escaped(run.broke.message)}">${escaped(run.broke.stack)}</error></testcase>\n`;
    const cases = run.properties.map((property) => `${testCase(property, name, seconds / run.properties.length)}\n`).join('');
    return `  <testsuite name="${escaped(name)}" tests="${run.properties.length + (broke === '' ? 0 : 1)}" failures="${count('violated')}" errors="${broke === '' ? 0 : 1}" skipped="${count('not-exercised')}" time="${seconds.toFixed(3)}">\n    <properties>\n      <property name="digest" value="${run.digest}"/>\n      <property name="replay" value="${escaped(run.replay)}"/>\n    </properties>\n${broke}${cases}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="lockstep">\n${suites.join('')}</testsuites>\n`;
}
