// Everything a node ever learns. The loop stamps each event, journals it, and hands it to the kernel; node state is the fold
// of `step` over these.

import { Refused, type Codec, type Reader, type Writer } from './base/codec.ts';
import { hashText, mix, mixUint } from './base/digest.ts';
import { groupId, nodeId, type GroupId, type NeedId, type NodeId, type ProposalId, MAX_ID_BYTES } from './base/ids.ts';
import type { Micros } from './base/time.ts';
import { contentAnswerCodec, hashContentAnswer, type ContentAnswer, type ContentRequest } from './content.ts';
import { readNeed } from './decide/record.ts';
import { messageCodec, type Message } from './message.ts';
import { bodyCodec as planBodyCodec, MAX_NAME_BYTES, type Body as PlanBody } from './plan/op.ts';
import { hashWish, wishCodec, type Wish } from './raft/message.ts';
import { parametersCodec, type Parameters } from './parameters.ts';
import { envelopeMessageCodec, type EnvelopeMessage } from './swarm/message.ts';

/** Who asked: a client connection and its own numbering, both given by the boundary. */
export interface RequestId {
  readonly client: number;
  readonly number: number;
}

export type Operation =
  | { readonly kind: 'decide'; readonly need: NeedId; readonly bucket: number; readonly proposal: ProposalId; readonly kPlan: number }
  | { readonly kind: 'get'; readonly need: NeedId; readonly bucket: number };

/** A question to a service outside; the answer comes as an `outcome` event that names the effect. */
export type ServiceRequest =
  | { readonly service: 'signer'; readonly bytes: string }
  | { readonly service: 'gpu'; readonly ask: 'inventory' }
  | ContentRequest;

export interface GpuDevice {
  readonly id: string;
  readonly memoryMb: number;
  readonly usedMb: number;
}

export type ServiceAnswer =
  | { readonly service: 'signer'; readonly signature: string }
  | { readonly service: 'gpu'; readonly devices: readonly GpuDevice[] }
  | ContentAnswer;

/** Bounds of what a service answers, in bytes of UTF-8 where it is text. */
export const MAX_SIGNATURE_BYTES = 256;
export const MAX_REASON_BYTES = 256;
export const MAX_DEVICE_ID_BYTES = 128;
export const MAX_DEVICES = 64;

/** `unknown`: the call may have had its effect (the answer was lost, or the node crashed while it was open). */
export type ServiceOutcome =
  | { readonly kind: 'ok'; readonly answer: ServiceAnswer }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'unknown' };

export type Cause =
  | { readonly kind: 'boot'; readonly self: NodeId; readonly seed: number; readonly parameters: Parameters; readonly version: string }
  /**
   * The node started (again). `tag` is fresh entropy: two machines that run the same copy differ in it. `reborn`: what it had
   * promised is lost, so it begins anew, a member of nothing.
   */
  | { readonly kind: 'recovered'; readonly incarnation: number; readonly tag: number; readonly reborn: boolean }
  /** The earliest deadline is due. */
  | { readonly kind: 'deadline' }
  | { readonly kind: 'message'; readonly from: NodeId; readonly incarnation: number; readonly sent: number; readonly message: Message }
  | { readonly kind: 'request'; readonly request: RequestId; readonly operation: Operation }
  /** What an operator wants of a group. It arrives as a request does. */
  | { readonly kind: 'order'; readonly request: RequestId; readonly group: GroupId; readonly wish: Wish }
  /** A client hands over an envelope that somebody signed. */
  | { readonly kind: 'publish'; readonly request: RequestId; readonly message: EnvelopeMessage }
  /** What a client says about the plan of a thread: the node makes it an op of its own. It arrives as a request does. */
  | { readonly kind: 'planEdit'; readonly request: RequestId; readonly thread: string; readonly body: PlanBody }
  /** The node is about to stop: what others can do from now on, they should. */
  | { readonly kind: 'drain' }
  /** `effect` is (journal sequence, index) of the call. */
  | { readonly kind: 'outcome'; readonly sequence: number; readonly index: number; readonly outcome: ServiceOutcome }
  /** A head of the parent chain that the chain port reports as final. */
  | { readonly kind: 'parentHead'; readonly number: number; readonly hash: string; readonly parent: string };

/** `sequence` is the place in the journal, from 1. `at` never decreases; `wall` is data. */
export type Event = { readonly sequence: number; readonly at: Micros; readonly wall: Micros; readonly cause: Cause };

const TAGS = ['boot', 'recovered', 'deadline', 'message', 'request', 'outcome', 'parentHead', 'order', 'drain', 'publish', 'planEdit'] as const;

export function hashCause(cause: Cause): number {
  switch (cause.kind) {
    case 'message':
      return mixUint(mixUint(mix(cause.message.hash, cause.from), cause.incarnation), cause.sent);
    case 'deadline':
      return 2;
    case 'request':
      return hashRequest(cause.request, cause.operation);
    case 'boot':
      return mixUint(mix(mix(0, cause.self), hashText(cause.version)), cause.seed);
    case 'recovered':
      return mixUint(mixUint(cause.reborn ? 8 : 1, cause.incarnation), cause.tag);
    case 'outcome':
      return mixUint(mixUint(mix(5, cause.index), cause.sequence), hashOutcome(cause.outcome) >>> 0);
    case 'order':
      return mixUint(mix(mix(mix(7, hashWish(cause.wish)), cause.group), cause.request.client), cause.request.number);
    case 'drain':
      return 9;
    case 'publish':
      return mixUint(mix(mix(10, cause.message.hash), cause.request.client), cause.request.number);
    case 'planEdit':
      return mixUint(mix(mix(mix(11, hashText(JSON.stringify(cause.body))), hashText(cause.thread)), cause.request.client), cause.request.number);
    case 'parentHead':
      return mixUint(mix(mix(6, hashText(cause.hash)), hashText(cause.parent)), cause.number);
  }
}

function hashOutcome(outcome: ServiceOutcome): number {
  if (outcome.kind === 'ok' && outcome.answer.service === 'content') return hashContentAnswer(outcome.answer);
  return hashText(JSON.stringify(outcome));
}

function hashRequest(id: RequestId, operation: Operation): number {
  let h = mixUint(mix(mix(4, id.client), operation.bucket), id.number);
  h = mix(h, hashText(operation.need));
  return operation.kind === 'decide' ? mix(mix(h, hashText(operation.proposal)), operation.kPlan) : h;
}

export const operationCodec: Codec<Operation> = { write: writeOperation, read: readOperation };

function writeOperation(w: Writer, operation: Operation): void {
  w.array(operation.kind === 'decide' ? 5 : 3);
  w.uint(operation.kind === 'decide' ? 0 : 1);
  w.text(operation.need);
  w.uint(operation.bucket);
  if (operation.kind !== 'decide') return;
  w.text(operation.proposal);
  w.uint(operation.kPlan);
}

function readOperation(r: Reader): Operation {
  const length = r.array(5);
  const tag = r.uint(1);
  if (length !== (tag === 0 ? 5 : 3)) throw new Refused('an operation of another length');
  const need = readNeed(r);
  const bucket = r.uint(255);
  if (tag === 1) return { kind: 'get', need, bucket };
  return { kind: 'decide', need, bucket, proposal: r.text(MAX_ID_BYTES) as ProposalId, kPlan: r.uint(0xffff) };
}


export const deviceCodec: Codec<GpuDevice> = {
  write(w: Writer, device: GpuDevice): void {
    w.array(3);
    w.text(device.id);
    w.uint(device.memoryMb);
    w.uint(device.usedMb);
  },
  read(r: Reader): GpuDevice {
    r.tuple(3);
    return { id: r.text(MAX_DEVICE_ID_BYTES), memoryMb: r.uint(), usedMb: r.uint() };
  },
};

const outcomeCodec: Codec<ServiceOutcome> = {
  write(w: Writer, outcome: ServiceOutcome): void {
    w.array(2);
    if (outcome.kind === 'unknown') {
      w.uint(0);
      w.nil();
    } else if (outcome.kind === 'failed') {
      w.uint(1);
      w.text(outcome.reason);
    } else if (outcome.answer.service === 'signer') {
      w.uint(2);
      w.text(outcome.answer.signature);
    } else if (outcome.answer.service === 'content') {
      w.uint(4);
      contentAnswerCodec.write(w, outcome.answer);
    } else {
      w.uint(3);
      w.list(deviceCodec, outcome.answer.devices);
    }
  },
  read(r: Reader): ServiceOutcome {
    r.tuple(2);
    const tag = r.uint(4);
    if (tag === 1) return { kind: 'failed', reason: r.text(MAX_REASON_BYTES) };
    if (tag === 2) return { kind: 'ok', answer: { service: 'signer', signature: r.text(MAX_SIGNATURE_BYTES) } };
    if (tag === 3) return { kind: 'ok', answer: { service: 'gpu', devices: r.list(deviceCodec, MAX_DEVICES) } };
    if (tag === 4) return { kind: 'ok', answer: contentAnswerCodec.read(r) };
    if (!r.isNil()) throw new Refused('expected nil');
    return { kind: 'unknown' };
  },
};

/** An event is a tuple (sequence, at, wall, tag, fields of the cause...). */
export const eventCodec: Codec<Event> = {
  write(w: Writer, event: Event): void {
    const cause = event.cause;
    const fields = { boot: 4, recovered: 3, deadline: 0, message: 4, request: 3, outcome: 3, parentHead: 3, order: 4, drain: 0, publish: 3, planEdit: 4 }[cause.kind];
    w.array(4 + fields);
    w.uint(event.sequence);
    w.uint(event.at);
    w.uint(event.wall);
    w.uint(TAGS.indexOf(cause.kind));
    switch (cause.kind) {
      case 'boot':
        w.uint(cause.self);
        w.uint(cause.seed);
        parametersCodec.write(w, cause.parameters);
        return w.text(cause.version);
      case 'recovered':
        w.uint(cause.incarnation);
        w.uint(cause.tag);
        return w.bool(cause.reborn);
      case 'deadline':
      case 'drain':
        return;
      case 'order':
        w.uint(cause.request.client);
        w.uint(cause.request.number);
        w.uint(cause.group);
        return wishCodec.write(w, cause.wish);
      case 'publish':
        w.uint(cause.request.client);
        w.uint(cause.request.number);
        return envelopeMessageCodec.write(w, cause.message);
      case 'planEdit':
        w.uint(cause.request.client);
        w.uint(cause.request.number);
        w.text(cause.thread);
        return planBodyCodec.write(w, cause.body);
      case 'message':
        w.uint(cause.from);
        w.uint(cause.incarnation);
        w.uint(cause.sent);
        return messageCodec.write(w, cause.message);
      case 'request':
        w.uint(cause.request.client);
        w.uint(cause.request.number);
        return writeOperation(w, cause.operation);
      case 'outcome':
        w.uint(cause.sequence);
        w.uint(cause.index);
        return outcomeCodec.write(w, cause.outcome);
      case 'parentHead':
        w.uint(cause.number);
        w.text(cause.hash);
        return w.text(cause.parent);
    }
  },
  read(r: Reader): Event {
    const fields = r.array(8) - 4;
    const sequence = r.uint();
    const at = r.uint();
    const wall = r.uint();
    const cause = readCause(r, TAGS[r.uint(TAGS.length - 1)] as Cause['kind'], fields);
    return { sequence, at, wall, cause };
  },
};

function readCause(r: Reader, kind: Cause['kind'], fields: number): Cause {
  if (kind === 'boot' && fields === 4) return { kind, self: nodeId(r.uint(0xffff)), seed: r.uint(), parameters: parametersCodec.read(r), version: r.text(128) };
  if (kind === 'recovered' && fields === 3) return { kind, incarnation: r.uint(), tag: r.uint(), reborn: r.bool() };
  if ((kind === 'deadline' || kind === 'drain') && fields === 0) return { kind };
  if (kind === 'order' && fields === 4) return { kind, request: { client: r.uint(), number: r.uint() }, group: groupId(r.uint(0xffff)), wish: wishCodec.read(r) };
  if (kind === 'planEdit' && fields === 4) return { kind, request: { client: r.uint(), number: r.uint() }, thread: r.text(MAX_NAME_BYTES), body: planBodyCodec.read(r) };
  if (kind === 'message' && fields === 4) return { kind, from: nodeId(r.uint(0xffff)), incarnation: r.uint(), sent: r.uint(), message: messageCodec.read(r) };
  if (kind === 'publish' && fields === 3) return { kind, request: { client: r.uint(), number: r.uint() }, message: envelopeMessageCodec.read(r) };
  if (kind === 'request' && fields === 3) return { kind, request: { client: r.uint(), number: r.uint() }, operation: readOperation(r) };
  if (kind === 'outcome' && fields === 3) return { kind, sequence: r.uint(), index: r.uint(), outcome: outcomeCodec.read(r) };
  if (kind === 'parentHead' && fields === 3) return { kind, number: r.uint(), hash: r.text(128), parent: r.text(128) };
  throw new Refused(`a ${kind} event has not ${fields} fields`);
}
