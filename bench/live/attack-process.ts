// A process of attackers: carries out one attack until its time is over, and says how much it did.

import { Attack, type AttackPlan, type AttackReport } from './attacks.ts';
import { nowMs } from './plan.ts';
import { UnknownKeys } from './unknown-keys.ts';

process.once('message', async (plan: AttackPlan) => {
  const attack = new Attack(plan);
  const unknown = new UnknownKeys();
  if (plan.attack === 'unknownKeys') await unknown.begin(plan.p2p);
  else attack.begin();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, plan.endsMs - nowMs())));
  attack.end();
  const report: AttackReport = { ...attack.report, connections: attack.report.connections + unknown.attempts };
  // Connections that a node holds back take their time to close, and nobody waits for them.
  process.send?.(report, () => process.exit(0));
});
