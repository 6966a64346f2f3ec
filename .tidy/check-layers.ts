// Checks that imports run one way (layers.ts), over the whole tree, and that the check itself saw every file: a cruise
// that parses nothing would report success.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import layers, { PARTS } from './layers.ts';

export type Violation = { rule: string; from: string; to: string; instead: string };
export type LayerCheck = { modules: string[]; unseen: string[]; violations: Violation[] };

/** Cruises the parts of the house found under `root`. */
export async function checkLayers(root: string): Promise<LayerCheck> {
  const parts = PARTS.filter((part) => existsSync(join(root, part)));
  const { output } = await cruise(parts, {
    ...layers.options,
    ruleSet: { forbidden: layers.forbidden },
    validate: true,
    baseDir: root,
  });
  const result = output as ICruiseResult;
  const seen = new Set(result.modules.map((module) => module.source));
  const sources = parts.flatMap((part) => sourceFiles(root, part));
  const comments = new Map(layers.forbidden.map((rule) => [rule.name, rule.comment]));
  return {
    modules: sources.filter((file) => seen.has(file)),
    unseen: sources.filter((file) => !seen.has(file)),
    violations: result.summary.violations.map(({ rule, from, to, cycle }) => ({
      rule: rule.name,
      from,
      to: cycle === undefined ? to : cycle.map((step) => step.name).join(' -> '),
      instead: comments.get(rule.name) ?? '',
    })),
  };
}

export function describe(check: LayerCheck): string {
  const lines = check.violations.map(({ rule, from, to, instead }) => `${from} -> ${to}\n    ${rule}: ${instead}`);
  for (const file of check.unseen) lines.push(`${file}: not seen by the layer check, so nothing about it is known`);
  lines.push(`${check.modules.length} modules, ${check.violations.length} violations`);
  return lines.join('\n');
}

function sourceFiles(root: string, part: string): string[] {
  return readdirSync(join(root, part), { recursive: true, encoding: 'utf8' })
    .map((file) => `${part}/${file.replaceAll('\\', '/')}`)
    .filter((file) => /(?<!\.d)\.[jt]s$/u.test(file) && !/(^|\/)(out|node_modules)\//u.test(file))
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = await checkLayers(fileURLToPath(new URL('..', import.meta.url)));
  console.log(describe(check));
  if (check.modules.length === 0 || check.unseen.length + check.violations.length > 0) process.exitCode = 1;
}
