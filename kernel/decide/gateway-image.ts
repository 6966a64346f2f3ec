// The gateway's state as bytes.

import type { Codec, Reader, Writer } from '../base/codec.ts';
import { groupId, nodeId, sessionId } from '../base/ids.ts';
import { MAX_SEATS, nodeCodec } from '../raft/configuration.ts';
import { wishCodec } from '../raft/message.ts';
import { operationCodec } from '../event.ts';
import { bodyCodec } from './command.ts';
import type { OpenOrder, OrdersImage } from './orders.ts';
import type { GatewayImage, Lane, OpenCall } from './gateway.ts';

const MAX_CALLS = 0xffff;

const callCodec: Codec<OpenCall> = {
  write(w: Writer, call: OpenCall): void {
    w.array(9);
    w.uint(call.request.client);
    w.uint(call.request.number);
    operationCodec.write(w, call.operation);
    w.option(bodyCodec, call.body);
    w.uint(call.since);
    w.uint(call.number);
    w.uint(call.to);
    w.uint(call.hops);
    w.uint(call.nextTry);
  },
  read(r: Reader): OpenCall {
    r.tuple(9);
    return {
      request: { client: r.uint(), number: r.uint() }, operation: operationCodec.read(r), body: r.option(bodyCodec),
      since: r.uint(), number: r.uint(), to: nodeId(r.uint(0xffff)), hops: r.uint(), nextTry: r.uint(),
    };
  },
};

const laneCodec: Codec<Lane> = {
  write(w: Writer, lane: Lane): void {
    w.array(15);
    w.uint(lane.group);
    w.uint(lane.leader);
    w.uint(lane.configured);
    w.list(nodeCodec, lane.members);
    w.uint(lane.guesses);
    w.uint(lane.session);
    w.uint(lane.nonce);
    w.uint(lane.nextOpen);
    w.uint(lane.nextSequence);
    w.uint(lane.usedAt);
    w.uint(lane.heardAt);
    w.bool(lane.silent);
    w.list(callCodec, lane.submitted);
    w.list(callCodec, lane.waiting);
    w.list(callCodec, lane.reads);
  },
  read(r: Reader): Lane {
    r.tuple(15);
    return {
      group: groupId(r.uint(0xffff)), leader: nodeId(r.uint(0xffff)), configured: r.uint(), members: r.list(nodeCodec, 3 * MAX_SEATS), guesses: r.uint(),
      session: sessionId(r.uint()), nonce: r.uint(), nextOpen: r.uint(), nextSequence: r.uint(), usedAt: r.uint(), heardAt: r.uint(), silent: r.bool(),
      submitted: r.list(callCodec, MAX_CALLS), waiting: r.list(callCodec, MAX_CALLS), reads: r.list(callCodec, MAX_CALLS),
    };
  },
};

export const gatewayImageCodec: Codec<GatewayImage> = {
  write(w: Writer, image: GatewayImage): void {
    w.array(4);
    w.list(laneCodec, image.lanes);
    w.uint(image.nextToken);
    w.uint(image.open);
    w.bool(image.armed);
  },
  read(r: Reader): GatewayImage {
    r.tuple(4);
    return { lanes: r.list(laneCodec, 1024), nextToken: r.uint(), open: r.uint(), armed: r.bool() };
  },
};

const orderCodec: Codec<OpenOrder> = {
  write(w: Writer, one: OpenOrder): void {
    w.array(9);
    w.uint(one.request.client);
    w.uint(one.request.number);
    w.uint(one.group);
    wishCodec.write(w, one.wish);
    w.uint(one.since);
    w.uint(one.token);
    w.uint(one.to);
    w.uint(one.hops);
    w.uint(one.nextTry);
  },
  read(r: Reader): OpenOrder {
    r.tuple(9);
    return {
      request: { client: r.uint(), number: r.uint() }, group: groupId(r.uint(0xffff)), wish: wishCodec.read(r), since: r.uint(), token: r.uint(),
      to: nodeId(r.uint(0xffff)), hops: r.uint(), nextTry: r.uint(),
    };
  },
};

export const ordersImageCodec: Codec<OrdersImage> = {
  write(w: Writer, image: OrdersImage): void {
    w.array(2);
    w.list(orderCodec, image.open);
    w.uint(image.nextToken);
  },
  read(r: Reader): OrdersImage {
    r.tuple(2);
    return { open: r.list(orderCodec, MAX_CALLS), nextToken: r.uint() };
  },
};
