// A process of attackers: begins one attack, says when it has reached the nodes, and goes on until it is told to end.

import { Attack, type AttackPlan, type AttackReport } from './attacks.ts';
import { OldFrames } from './old-frames.ts';
import { UnknownKeys } from './unknown-keys.ts';

const LOOK_MS = 20;

process.once('message', async (plan: AttackPlan) => {
  const attack = new Attack(plan);
  const unknown = new UnknownKeys();
  const old = new OldFrames();
  if (plan.attack === 'unknownKeys') await unknown.begin(plan.p2p);
  else if (plan.attack === 'oldFrames') await old.begin(plan.p2p);
  else attack.begin();
  const connections = (): number => attack.report.connections + unknown.attempts + old.attempts;
  while (connections() === 0) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  process.send?.('begun');
  process.once('message', () => {
    attack.end();
    const report: AttackReport = { ...attack.report, connections: connections() };
    // Connections that a node holds back take their time to close, and nobody waits for them.
    process.send?.(report, () => process.exit(0));
  });
});
