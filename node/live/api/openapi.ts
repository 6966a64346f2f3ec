// /openapi.json: OpenAPI 3.1 made of the schemas that the server itself uses.

import { ChangeRequest, LeaderRequest, Members } from './group-schemas.ts';
import { DecideRecord, DecideRequest, Decided, Failure, Health, Ready, Status } from './schemas.ts';

interface Operation {
  readonly summary: string;
  readonly operationId: string;
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

const reference = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const json = (description: string, name: string): object => ({ description, content: { 'application/json': { schema: reference(name) } } });
const retry = (description: string): object => ({ ...json(description, 'Error'), headers: { 'Retry-After': { description: 'seconds to wait before another try', schema: { type: 'integer' } } } });

const UNSERVED: Readonly<Record<string, object>> = {
  '429': retry('too many requests on this connection'),
  '503': retry('overloaded, no majority in reach, the register is full, or the node is not ready: nothing was done'),
};

const decide: Operation = {
  summary: 'Propose a decide: the first proposal recorded for a need wins, for ever. Sending the same request again is safe.',
  operationId: 'decide',
  requestBody: { required: true, content: { 'application/json': { schema: reference('DecideRequest') } } },
  responses: {
    '200': json('this proposal is decided', 'Decided'),
    '400': json('the request is not JSON, or not of this form (codes notJson, badRequest)', 'Error'),
    '409': json('another proposal was first; the record that won is included', 'Error'),
    '410': json('the epoch of the need is forgotten', 'Error'),
    '413': json('the body is larger than a request may be', 'Error'),
    '425': retry('the epoch of the need is too far ahead'),
    '504': retry('unknown: it may have been decided, or may still be'),
    ...UNSERVED,
  },
};

const getDecide: Operation = {
  summary: 'What is decided for a need: a linearizable read. The slash of the need id may be written as it is or as %2F.',
  operationId: 'getDecide',
  parameters: [{ name: 'need', in: 'path', required: true, schema: DecideRequest.properties.need }],
  responses: {
    '200': json('the record', 'DecideRecord'),
    '400': json('this is no need id (code badNeed)', 'Error'),
    '404': json('nothing is decided for this need (code none)', 'Error'),
    '410': json('the epoch of the need is forgotten', 'Error'),
    ...UNSERVED,
  },
};

const groupParameter = { name: 'group', in: 'path', required: true, schema: { type: 'integer', minimum: 0, maximum: 65_535 } };

const text = (description: string, type: string): object => ({ description, content: { [type]: { schema: { type: 'string' } } } });

export function openApi(version: string): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Lockstep node', version, description: 'The HTTP interface of a live node.', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    paths: {
      '/v1/decide': { post: decide },
      '/v1/decide/{need}': { get: getDecide },
      '/v1/groups/{group}/members': {
        get: { summary: 'Who is a member of a group.', operationId: 'members', parameters: [groupParameter], responses: { '200': json('the configuration in force at its leader', 'Members'), ...UNSERVED } },
        post: {
          summary: 'Change the members of a group: new voters learn first. Sending the same request again is safe.', operationId: 'changeMembers', parameters: [groupParameter],
          requestBody: { required: true, content: { 'application/json': { schema: reference('ChangeRequest') } } },
          responses: { '200': json('it is committed that it shall be so', 'Members'), '409': json('another configuration is in force', 'Members'), '422': json('there is no such group, node or configuration', 'Error'), ...UNSERVED },
        },
      },
      '/v1/groups/{group}/leader': {
        post: {
          summary: 'Let another voter lead a group.', operationId: 'handOver', parameters: [groupParameter],
          requestBody: { required: true, content: { 'application/json': { schema: reference('LeaderRequest') } } },
          responses: { '200': json('it leads', 'Members'), '422': json('there is no such group, or no such voter', 'Error'), ...UNSERVED },
        },
      },
      '/v1/status': { get: { summary: 'What the node is doing.', operationId: 'status', responses: { '200': json('leader, term, rates and latencies', 'Status') } } },
      '/health': { get: { summary: 'Whether the process is alive.', operationId: 'health', responses: { '200': json('it is', 'Health') } } },
      '/ready': {
        get: {
          summary: 'Whether the node can serve: recovered, in contact with a majority, disk not full.', operationId: 'ready',
          responses: { '200': json('it can', 'Ready'), '503': json('it cannot, and why', 'Ready') },
        },
      },
      '/metrics': { get: { summary: 'Metrics in the Prometheus text format.', operationId: 'metrics', responses: { '200': text('samples', 'text/plain') } } },
      '/openapi.json': { get: { summary: 'This document.', operationId: 'openapi', responses: { '200': { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } } } } },
    },
    components: { schemas: { ChangeRequest, LeaderRequest, Members, DecideRequest, DecideRecord, Decided: { ...Decided, properties: { ...Decided.properties, record: reference('DecideRecord') } }, Error: { ...Failure, properties: { ...Failure.properties, record: reference('DecideRecord') } }, Health, Ready, Status } },
  };
}
