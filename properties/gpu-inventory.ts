// What a node announces of its GPUs is what its driver said: a device is announced as found only if an answer lists it, with
// that memory; as lost only if an answer does not; and the two alternate.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Cause, GpuDevice, ServiceRequest } from '../kernel/event.ts';
import type { Fact } from '../kernel/fact.ts';
import type { JournalReader } from './journals.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

/** Answers of a driver that may still lead to an announcement. */
const ANSWERS = 8;
/** Questions that a driver may still answer. */
const OPEN = 64;

interface Rig {
  readonly answers: (readonly GpuDevice[])[];
  /** The questions to the driver, by the effects that asked them: an answer that fails does not say what was asked. */
  readonly asked: string[];
  /** Which devices were announced as present or lost since the node started. */
  readonly present: Map<string, boolean>;
}

class GpuInventory extends Verdicts implements JournalReader {
  private readonly rigs: readonly Rig[];

  constructor(run: RunView, from: Reconstruction) {
    super('gpu-inventory', run);
    from.journals.read(this);
    this.rigs = Array.from({ length: run.parameters.nodes + 1 }, () => ({ answers: [], asked: [], present: new Map<string, boolean>() }));
  }

  /** Changes in the journal's tail may never have been announced. */
  restarted(node: NodeId): void {
    (this.rigs[node] as Rig).present.clear();
  }

  called(node: NodeId, sequence: number, index: number, request: ServiceRequest): void {
    if (request.service !== 'gpu') return;
    const { asked } = this.rigs[node] as Rig;
    asked.push(`${sequence}.${index}`);
    if (asked.length > OPEN) asked.shift();
  }

  /** A driver that fails lists nothing. */
  outcome(node: NodeId, cause: Extract<Cause, { kind: 'outcome' }>): void {
    const outcome = cause.outcome;
    if (outcome.kind === 'failed' && !(this.rigs[node] as Rig).asked.includes(`${cause.sequence}.${cause.index}`)) return;
    if (outcome.kind === 'unknown' || (outcome.kind === 'ok' && outcome.answer.service !== 'gpu')) return;
    const answers = (this.rigs[node] as Rig).answers;
    answers.push(outcome.kind === 'ok' && outcome.answer.service === 'gpu' ? outcome.answer.devices : []);
    if (answers.length > ANSWERS) answers.shift();
  }

  fact(node: NodeId, fact: Fact, _at: Micros, now: Micros): void {
    if (fact.kind !== 'gpuFound' && fact.kind !== 'gpuLost') return;
    const rig = this.rigs[node] as Rig;
    const found = fact.kind === 'gpuFound';
    this.checks++;
    if (rig.present.get(fact.device) === found) return this.violated(now, [node], `node ${node} announced a device twice as ${found ? 'found' : 'lost'}`, [`device "${fact.device}"`]);
    rig.present.set(fact.device, found);
    const lists = (devices: readonly GpuDevice[]): boolean => devices.some((device) => device.id === fact.device && (fact.kind === 'gpuLost' || device.memoryMb === fact.memoryMb));
    const said = found ? rig.answers.some(lists) : rig.answers.some((devices) => !lists(devices));
    if (!said) this.violated(now, [node], `node ${node} announced a device as ${found ? 'found' : 'lost'}, which no answer of its driver says`, [`device "${fact.device}"`]);
  }
}

export const gpuInventory: Property = {
  id: 'gpu-inventory',
  claim: 'Devices announced as found or lost are those that the driver listed, or did not',
  kind: 'safety',
  scope: 'local',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new GpuInventory(run, from)),
};
