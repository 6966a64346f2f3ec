// Planted bugs of the decide register and its gateway.

import type { Mutant } from './mutant.ts';

const REGISTER = 'kernel/decide/register.ts';
const KERNEL = 'kernel/kernel.ts';
const GATEWAY = 'kernel/decide/gateway.ts';

export const DECIDE_MUTANTS: readonly Mutant[] = [
  {
    name: 'decide/bucket-by-map-order',
    family: 'decide',
    about: 'which group owns a bucket follows the order in which a node learned of the groups',
    edits: [{
      file: KERNEL,
      anchor: 'const owners = placement(parameters.groups);',
      replacement: `const known = new Map(own.map((group) => [group.id, group]));
  for (const group of parameters.groups) known.set(group.id, group);
  const owners = Array.from({ length: 256 }, (_, bucket) => [...known.keys()][bucket % known.size]);
  void placement;`,
    }],
  },
  {
    name: 'decide/retry-new-session',
    family: 'decide',
    about: 'a retry opens a new session',
    edits: [{
      file: GATEWAY,
      anchor: 'call.nextTry = ctx.at + this.parameters.retryUs;\n        this.transmit(ctx, lane, call);',
      replacement: `call.nextTry = ctx.at + this.parameters.retryUs;
          if (call.body !== undefined && lane.session !== NO_SESSION) {
            lane.session = NO_SESSION;
            lane.nonce = 0;
            lane.waiting.unshift(...lane.submitted.splice(0));
            this.admit(ctx, lane);
            break;
          }
          this.transmit(ctx, lane, call);`,
    }],
  },
  {
    name: 'decide/last-proposal-wins',
    family: 'decide',
    about: 'a later proposal replaces the one that was decided',
    edits: [{ file: REGISTER, anchor: 'if (winner !== undefined) return', replacement: 'if (winner !== undefined && winner.proposal.proposal === proposal.proposal) return' }],
  },
  {
    name: 'decide/forgotten-need-decided-again',
    family: 'decide',
    about: 'a need of an epoch that was forgotten is decided a second time',
    edits: [{
      file: REGISTER,
      anchor: "if (epoch > this.named) this.named = epoch;\n    if (epoch < this.lowWater) return { kind: 'tooOld', lowWater: this.lowWater };",
      replacement: 'if (epoch > this.named) this.named = epoch;',
    }],
  },
  {
    name: 'decide/refused-counts-as-open',
    family: 'decide',
    about: 'what a busy node turns away counts as open for ever, so that it stays busy',
    edits: [{ file: 'kernel/decide/gateway.ts', anchor: "if (this.isFullFor(lane)) return ctx", replacement: 'if (this.isFullFor(lane) && ++this.open > 0) return ctx' }],
  },
  {
    name: 'decide/bound-ignored',
    family: 'decide',
    about: 'a full register takes more',
    edits: [{ file: REGISTER, anchor: "if (this.held >= this.parameters.maxRecords) return { kind: 'full' };", replacement: '' }],
  },
  {
    name: 'decide/order-answered-twice',
    family: 'decide',
    about: 'an order that is answered stays open: it is given again, and answered again',
    edits: [{ file: 'kernel/decide/orders.ts', anchor: 'const one = takeAt(this.open, place);', replacement: 'const one = this.open[place] as OpenOrder;' }],
  },
];
