import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeId, type NeedId, type ProposalId } from '../base/ids.ts';
import { DECIDE_DEFAULTS } from '../parameters.ts';
import { advanceBody, decideBody } from './command.ts';
import { bucketOf, makeProposal } from './record.ts';
import { Register } from './register.ts';

const PARAMETERS = { ...DECIDE_DEFAULTS, maxRecords: 6, maxAhead: 2, keepEpochs: 1 };
const need = (epoch: number, name: number): NeedId => `${epoch}/${name}` as NeedId;
const proposal = (id: NeedId, name: number): ReturnType<typeof makeProposal> => makeProposal(id, bucketOf(id), `p${name}` as ProposalId, nodeId(1), 1, 0);

describe('the register', () => {
  it('answers like a list of all that was ever asked, read from the start', () => {
    const decide = fc.record({ kind: fc.constant('decide' as const), epoch: fc.nat(4), name: fc.nat(2), by: fc.nat(2) });
    const advance = fc.record({ kind: fc.constant('advance' as const), epoch: fc.nat(5), name: fc.constant(0), by: fc.constant(0) });
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 4, arbitrary: decide }, advance), { maxLength: 60 }), (commands) => {
        let register = new Register(PARAMETERS);
        let [lamport, epoch] = [0, 0];
        let known: { need: NeedId; by: string; lamport: number }[] = [];
        for (const command of commands) {
          if (command.kind === 'advance') {
            if (command.epoch === epoch + 1) epoch++;
            known = known.filter((record) => Number(record.need.split('/')[0]) >= epoch - 1);
            expect(register.apply(0, advanceBody(command.epoch))).toEqual({ kind: 'advanced', epoch });
          } else {
            lamport++;
            const id = need(command.epoch, command.name);
            const won = known.find((record) => record.need === id);
            const outcome = register.apply(0, decideBody(proposal(id, command.by)));
            if (command.epoch < epoch - 1) expect(outcome).toEqual({ kind: 'tooOld', lowWater: epoch - 1 });
            else if (won !== undefined) expect(outcome).toMatchObject({ kind: won.by === `p${command.by}` ? 'decided' : 'lost', record: { lamport: won.lamport, proposal: { proposal: won.by } } });
            else if (command.epoch > epoch + 2) expect(outcome).toEqual({ kind: 'tooNew', epoch });
            else if (known.length === 6) expect(outcome).toEqual({ kind: 'full' });
            else {
              known.push({ need: id, by: `p${command.by}`, lamport });
              expect(outcome).toMatchObject({ kind: 'decided', record: { lamport, proposal: { need: id, proposal: `p${command.by}` } } });
            }
          }
          const copy = new Register(PARAMETERS);
          copy.restore(register.image());
          register = copy;
        }
        expect(register.size).toBe(known.length);
        for (const record of known) expect(register.lookup(record.need)).toMatchObject({ kind: 'found', record: { lamport: record.lamport } });
        if (epoch > 1) expect(register.lookup(need(0, 0))).toEqual({ kind: 'tooOld', lowWater: epoch - 1 });
        expect(register.lookup(need(9, 9))).toEqual({ kind: 'none' });
      }),
    );
  });

  it('wants its epoch advanced when its time is over, and sooner while needs of later epochs arrive', () => {
    const register = new Register(DECIDE_DEFAULTS);
    expect(register.upkeep(DECIDE_DEFAULTS.epochUs - 1)).toBeUndefined();
    expect(register.upkeep(DECIDE_DEFAULTS.epochUs)).toMatchObject({ kind: 'advance', epoch: 1 });
    register.apply(1, decideBody(proposal(need(9, 1), 1)));
    expect(register.upkeep(DECIDE_DEFAULTS.epochUs / 8)).toMatchObject({ kind: 'advance', epoch: 1 });
  });

  it('puts a need into the bucket sha256(need) mod 256', () => {
    // sha256("0/a") and sha256("7/need-42"), computed with coreutils' sha256sum; the bucket is the last byte.
    expect(bucketOf('0/a' as NeedId)).toBe(parseInt('5a', 16));
    expect(bucketOf('7/need-42' as NeedId)).toBe(parseInt('14', 16));
  });
});
