// Verifies again what the boundary verified when it was new: every signature that stands in a journal, with the text that it
// covers, and that a need claims its own bucket. Whose keys they are is said by the network's hash: a configuration counts
// only if it makes that very hash.

import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { verify as verifyEd25519, type KeyObject } from 'node:crypto';
import { SenderKeys } from '../io/live/decoder.ts';
import { isSigned, verifyingKey } from '../io/live/signer.ts';
import { StandInScheme } from '../io/sim/scheme.ts';
import { nodeId, type NodeId } from '../kernel/base/ids.ts';
import { bucketOf } from '../kernel/decide/record.ts';
import type { Effect } from '../kernel/effect.ts';
import type { Event } from '../kernel/event.ts';
import { helloText } from '../kernel/hello.ts';
import type { Message } from '../kernel/message.ts';
import { genesisOf } from '../kernel/swarm/envelope.ts';
import type { EnvelopeMessage } from '../kernel/swarm/message.ts';
import { Complaint } from './complaint.ts';
import { readConfiguration } from './live/configuration.ts';
import { networkHash } from './live/network-definition.ts';
import { RealSignatures } from './real-signatures.ts';

/** Whether a node signed a text. */
export type Verify = (node: NodeId, text: string, signature: string) => boolean;

/** Something in a journal that no honest boundary lets in. */
export interface Forged {
  readonly step: number;
  readonly from: number;
  readonly message: string;
}

export interface Signatures {
  readonly verified: number;
  readonly forged: readonly Forged[];
}

const MOST_FORGED = 16;
const MOST_FILES = 256;
const MOST_NODES = 1_000;
/** Of a real signature in a simulated world. */
const REAL_LENGTH = 128;

/** Looks at one journal, event by event. */
export class SignatureAudit {
  private verified = 0;
  private readonly forged: Forged[] = [];
  private readonly network: string;
  private readonly self: NodeId;
  private readonly verify: Verify;
  private readonly standIn: StandInScheme | undefined;
  /** Texts that the node asked its signer to sign, by the step that asked. */
  private readonly asked: Map<number, string> = new Map();

  constructor(network: string, self: NodeId, verify: Verify) {
    this.network = network;
    this.self = self;
    this.verify = verify;
    const seed = seedOf(network);
    this.standIn = seed === undefined ? undefined : new StandInScheme(seed, 0);
  }

  private readonly senders: SenderKeys = new SenderKeys();

  readonly see = (event: Event, effects: readonly Effect[]): void => {
    const cause = event.cause;
    if (cause.kind === 'message') this.heard(event.sequence, cause.from, cause.message);
    if (cause.kind === 'publish') this.envelope(event.sequence, this.self, cause.message);
    if (cause.kind === 'outcome' && cause.outcome.kind === 'ok' && cause.outcome.answer.service === 'signer') this.signed(event.sequence, cause.sequence, cause.outcome.answer.signature);
    for (const effect of effects) if (effect.kind === 'call' && effect.request.service === 'signer') this.asked.set(event.sequence, effect.request.bytes);
  };

  private heard(step: number, from: NodeId, message: Message): void {
    if (message.kind === 'hello') {
      const text = helloText(this.network, from, message.incarnation, message.tag, message.resumed, message.lives);
      this.check(step, from, this.verify(from, text, message.signature), `a hello in the name of node ${from} (incarnation ${message.incarnation}) is not signed with its key`);
    } else if (message.kind === 'envelope') {
      this.envelope(step, from, message);
    } else if (message.kind === 'submit' && message.body.kind === 'decide') {
      const { need, bucket } = message.body.proposal;
      if (bucket !== bucketOf(need)) this.check(step, from, false, `node ${from} asks for a need under bucket ${bucket} that belongs to bucket ${bucketOf(need)}`);
    }
  }

  /** The key is the sender's name. Actors of a simulated world have keys of their own, of either scheme. */
  private envelope(step: number, from: NodeId, { genesis, envelope, signed }: EnvelopeMessage): void {
    const key = this.senders.key(envelope.sender);
    const real = (): boolean => key !== undefined && verifyEd25519(null, signed, key, envelope.signature);
    const good = this.standIn?.verifyKey(envelope.sender, signed, envelope.signature) === true || real();
    this.check(step, from, good && genesis === genesisOf(this.network), `the envelope ${envelope.id} is not signed with the key of ${envelope.sender}, for this network`);
  }

  private signed(step: number, asked: number, signature: string): void {
    const text = this.asked.get(asked);
    if (text === undefined) return;
    this.asked.delete(asked);
    this.check(step, this.self, this.verify(this.self, text, signature), `the signature that its own signer gave it is not made with the key of node ${this.self}`);
  }

  private check(step: number, from: NodeId, good: boolean, message: string): void {
    if (good) this.verified++;
    else if (this.forged.length < MOST_FORGED) this.forged.push({ step, from, message });
  }

  get found(): Signatures {
    return { verified: this.verified, forged: this.forged };
  }
}

/** The keys of the network whose journal lies in `directory`. */
export function verifierFor(directory: string, network: string, config: string | undefined): Verify {
  if (config !== undefined) {
    const verify = fromConfiguration(config, network);
    if (verify === undefined) throw new Complaint(`--config: "${config}" is not a configuration of the network whose journal is in "${directory}" (${network.slice(0, 16)})`);
    return verify;
  }
  const seed = seedOf(network);
  if (seed !== undefined) return fromSeed(seed);
  for (const file of candidates(directory)) {
    const verify = fromConfiguration(file, network);
    if (verify !== undefined) return verify;
  }
  throw new Complaint(`no configuration of the network ${network.slice(0, 16)} lies in or beside "${directory}": say whose keys they are with --config FILE`);
}

/** The seed of a simulated world, by the name of its network. */
function seedOf(network: string): number | undefined {
  const simulated = /^sim-.+-(\d{1,16})$/.exec(network);
  return simulated === null ? undefined : Number(simulated[1]);
}

/** Simulated nodes have keys that follow from the seed; a signature shows by its form which scheme made it. */
function fromSeed(seed: number): Verify {
  const standIn = new StandInScheme(seed, MOST_NODES);
  let real: RealSignatures | undefined;
  return (node, text, signature) => (signature.length === REAL_LENGTH ? (real ??= new RealSignatures(seed, MOST_NODES)) : standIn).verify(node, text, signature);
}

function candidates(directory: string): string[] {
  return [directory, dirname(directory)].flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.json')).toSorted().slice(0, MOST_FILES).map((name) => join(folder, name))).filter((file) => statSync(file).isFile());
}

/** Undefined if the file does not describe this network. */
function fromConfiguration(file: string, network: string): Verify | undefined {
  try {
    const { configuration } = readConfiguration({ config: file });
    if (configuration === undefined || networkHash(configuration.network) !== network) return undefined;
    const keys = new Map<NodeId, KeyObject>(configuration.network.members.map((member) => [nodeId(member.id), verifyingKey(member.publicKey)]));
    return (node, text, signature) => {
      const key = keys.get(node);
      return key !== undefined && isSigned(text, signature, key);
    };
  } catch (error) {
    if (error instanceof Complaint) return undefined;
    throw error;
  }
}
