// What a node is told: a JSON file, or flags, or a file with flags on top. It is read as a whole, and everything that is wrong
// with it is said at once. What depends on the machine (ports, directories, keys) is looked at in preflight.ts.

import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { TSchema } from '@sinclair/typebox';
import { Value, ValueErrorType, type ValueError } from '@sinclair/typebox/value';
import { isAddress, memberFaults, type Member } from '../../io/live/members.ts';
import type { DecideParameters, RaftParameters } from '../../kernel/parameters.ts';
import { Complaint } from '../complaint.ts';
import { nearest } from '../nearest.ts';
import { FileSchema, type ConfigurationFile, type Mode } from './configuration-schema.ts';
import { LIVE_DECIDE, LIVE_RAFT, type NetworkDefinition } from './network-definition.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface Limits {
  readonly inFlight: number;
  readonly connections: number;
  readonly requestsPerSecond: number;
  /** Free space below which the node takes no more requests. */
  readonly reserveMb: number;
  /** Events between two snapshots, or a fifth as many batches: so many, and a few more, are refolded at the next start. */
  readonly snapshotEvery: number;
}

export interface Configuration {
  readonly self: number;
  readonly key: string;
  readonly data: string;
  readonly http: Place;
  readonly p2p: string;
  readonly mode: Mode;
  readonly chainRpc: string | undefined;
  readonly sidecar: string | undefined;
  /** How often the GPU driver is asked what there is; 0: never. */
  readonly gpuPollSeconds: number;
  /** Whether peers are also looked for in the local network. */
  readonly mdns: boolean;
  /** An empty directory is that of a node that lost its disk: it begins another life, as a learner. */
  readonly rejoin: boolean;
  /** Whether peers are reached at the addresses of the member list only: behind a proxy or a firewall others lead nowhere, or around it. */
  readonly listedOnly: boolean;
  readonly network: NetworkDefinition;
  readonly limits: Limits;
}

export const DEFAULT_HTTP = '127.0.0.1:8080';
export const DEFAULT_P2P_PORT = 30_333;
/** What a snapshot can hold. */
const MAX_OPEN = 16_384;
const MAX_RECORDS = 1_048_576;
/** Modes in which a node offers accelerators, and asks the driver for them. */
const COMPUTING: ReadonlySet<Mode> = new Set(['full', 'compute']);
const GPU_POLL_SECONDS = 30;
export const LIMITS: Limits = { inFlight: 1_024, connections: 1_024, requestsPerSecond: 1_000, reserveMb: 64, snapshotEvery: 250_000 };

/** Flags of `lockstep node`, as the parser found them. */
export interface NodeFlags {
  readonly config?: string;
  readonly dev?: boolean;
  readonly self?: string;
  readonly key?: string;
  readonly data?: string;
  readonly http?: string;
  readonly p2pListen?: string;
  readonly network?: string;
  readonly groups?: string;
  readonly member?: readonly string[];
  readonly mode?: string;
  readonly chainRpc?: string;
  readonly sidecarAddr?: string;
  readonly rejoin?: boolean;
}

/** Which flag stands for which field, so that a fault is blamed on what the person wrote. */
const FLAG_OF: Readonly<Record<string, string>> = {
  '/self': '--self', '/key': '--key', '/data': '--data', '/http': '--http', '/p2p': '--p2p-listen', '/mode': '--mode',
  '/chainRpc': '--chain-rpc', '/sidecar': '--sidecar-addr', '/rejoin': '--rejoin', '/network/name': '--network', '/network/groups': '--groups', '/network/members': '--member',
};

const MAX_FILE = 4 * 1024 * 1024;

/** Of a configuration that may be wrong elsewhere: what the machine can be asked about all the same. */
export type Probe = Partial<Pick<Configuration, 'self' | 'key' | 'data' | 'http' | 'p2p' | 'network'>>;

export interface ReadConfiguration {
  /** Undefined if anything is wrong. */
  readonly configuration: Configuration | undefined;
  readonly probe: Probe;
  readonly faults: string[];
}

/** Everything that is wrong, one sentence each; a configuration if nothing is. */
export function readConfiguration(flags: NodeFlags): ReadConfiguration {
  const file = flags.config === undefined ? {} : fileContent(flags.config);
  const given = overlay(file, flags);
  const base = flags.config === undefined ? process.cwd() : dirname(resolve(flags.config));
  const errors = schemaErrors(given.value);
  if (errors.length > 0) {
    const faults = errors.map((error) => sentence(error, given.flags, flags.config !== undefined));
    return { configuration: undefined, probe: probeOf(given, errors, base), faults };
  }
  const configuration = complete(given.value as ConfigurationFile, base, given.flags);
  const faults = meaningFaults(configuration);
  const { http, p2p, ...rest } = configuration;
  const probe = { ...rest, ...(http.port < 0 ? {} : { http }), ...(isAddress(p2p) ? { p2p } : {}) };
  return { configuration: faults.length === 0 ? configuration : undefined, probe, faults };
}

/** What stands in fields that have no fault. */
function probeOf(given: Given, errors: readonly ValueError[], base: string): Probe {
  const value = given.value as Partial<ConfigurationFile>;
  const sound = <K extends keyof ConfigurationFile>(field: K): ConfigurationFile[K] | undefined => (errors.some((error) => error.path === `/${field}` || error.path.startsWith(`/${field}/`)) ? undefined : value[field]);
  const [self, key, data, p2p] = [sound('self'), sound('key'), sound('data'), sound('p2p')];
  const http = placeOf(sound('http') ?? DEFAULT_HTTP);
  return {
    ...(self === undefined ? {} : { self }),
    ...(key === undefined ? {} : { key: beside(key, given.flags.has('/key'), base) }),
    ...(data === undefined ? {} : { data: beside(data, given.flags.has('/data'), base) }),
    ...(http === undefined ? {} : { http }),
    ...(p2p === undefined || !isAddress(p2p) ? {} : { p2p }),
  };
}

/** Paths in a file are meant from the file's folder, those of flags from where the command was given. */
const beside = (path: string, isFlag: boolean, base: string): string => resolve(isFlag ? process.cwd() : base, path);

function fileContent(path: string): object {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new Complaint(`--config expects a file, and there is none at "${path}"`);
  if (!stat.isFile()) throw new Complaint(`--config expects a file, and "${path}" is none`);
  if (stat.size > MAX_FILE) throw new Complaint(`--config expects a file of at most ${MAX_FILE} bytes, and "${path}" has ${stat.size}`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Complaint(`"${path}" cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Complaint(`"${path}" holds no configuration: expected a JSON object with "self", "key", "data" and "network"`);
  return value;
}

interface Given {
  readonly value: unknown;
  /** Fields that a flag gave. */
  readonly flags: ReadonlySet<string>;
}

/** The file, with what the flags say on top of it. */
function overlay(file: object, flags: NodeFlags): Given {
  const value: Record<string, unknown> = { ...file };
  const from = new Set<string>();
  const put = (path: string, given: unknown): void => {
    if (given === undefined) return;
    from.add(path);
    const names = path.slice(1).split('/');
    if (names.length === 1) value[names[0] as string] = given;
    else value['network'] = { ...(typeof value['network'] === 'object' ? value['network'] : {}), [names[1] as string]: given };
  };
  const number = (given: string | undefined): unknown => (given !== undefined && /^\d{1,9}$/.test(given) ? Number(given) : given);
  put('/self', number(flags.self));
  put('/key', flags.key);
  put('/data', flags.data);
  put('/http', flags.http);
  put('/p2p', flags.p2pListen);
  put('/mode', flags.mode);
  put('/chainRpc', flags.chainRpc);
  put('/sidecar', flags.sidecarAddr);
  put('/rejoin', flags.rejoin);
  put('/network/name', flags.network);
  put('/network/groups', number(flags.groups));
  if (flags.member !== undefined && flags.member.length > 0) put('/network/members', flags.member.map(memberOfFlag));
  return { value, flags: from };
}

/** `2=<public key>@<address>[,<address>...]`; what is not of this form stays a text, and is complained about with the rest. */
function memberOfFlag(flag: string): unknown {
  const match = /^(\d{1,5})=([0-9a-fA-F]+)(?:@(.+))?$/.exec(flag);
  return match === null ? flag : { id: Number(match[1]), publicKey: (match[2] as string).toLowerCase(), addresses: match[3]?.split(',') ?? [] };
}

/** The first error of each field. */
function schemaErrors(value: unknown): ValueError[] {
  const seen = new Set<string>();
  const first: ValueError[] = [];
  for (const error of Value.Errors(FileSchema, value)) {
    if (seen.has(error.path)) continue;
    seen.add(error.path);
    first.push(error);
  }
  return first;
}

function sentence(error: ValueError, flags: ReadonlySet<string>, hasFile: boolean): string {
  const name = nameOf(error.path, flags);
  const known = FLAG_OF[error.path];
  if (error.type === ValueErrorType.ObjectAdditionalProperties) {
    const parent = fieldsAt(error.path.slice(0, error.path.lastIndexOf('/')));
    const field = error.path.slice(error.path.lastIndexOf('/') + 1);
    const near = nearest(field, parent);
    return `${name}: unknown field${near === undefined ? '' : `, did you mean "${near}"?`}`;
  }
  const expects = (error.schema as TSchema & { readonly expects?: string }).expects ?? error.message.toLowerCase();
  if (error.value === undefined) return `${name}: missing, expected ${expects}${!hasFile && known !== undefined ? ` (${known})` : ''}`;
  return `${name}: expected ${expects}, got ${shortened(error.value)}`;
}

/** `--self` if a flag gave it, else `network.members[2].id`. */
function nameOf(path: string, flags: ReadonlySet<string>): string {
  const flag = [...flags].find((given) => path === given || path.startsWith(`${given}/`));
  if (flag !== undefined && FLAG_OF[flag] !== undefined) return path === flag ? FLAG_OF[flag] : `${FLAG_OF[flag]} (${dotted(path.slice(flag.length))})`;
  return dotted(path);
}

const dotted = (path: string): string => path.slice(1).replaceAll(/\/(\d+)/g, (_, place: string) => `[${Number(place) + 1}]`).replace(/^(\d+)/, (place) => `[${Number(place) + 1}]`).replaceAll('/', '.');

function shortened(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}

/** Names that an object of the schema may have. */
function fieldsAt(path: string): string[] {
  let schema: TSchema = FileSchema;
  for (const name of path.split('/').slice(1)) {
    const next = /^\d+$/.test(name) ? (schema['items'] as TSchema | undefined) : (schema['properties'] as Record<string, TSchema> | undefined)?.[name];
    if (next === undefined) return [];
    schema = next;
  }
  return Object.keys((schema['properties'] as object | undefined) ?? {});
}

function complete(file: ConfigurationFile, base: string, flags: ReadonlySet<string>): Configuration {
  const { network } = file;
  const own = network.members.find((member) => member.id === file.self);
  return {
    self: file.self,
    key: beside(file.key, flags.has('/key'), base),
    data: beside(file.data, flags.has('/data'), base),
    http: placeOf(file.http ?? DEFAULT_HTTP) ?? { host: '', port: -1 },
    p2p: file.p2p ?? own?.addresses[0] ?? `/ip4/127.0.0.1/tcp/${DEFAULT_P2P_PORT}`,
    mode: file.mode ?? 'full',
    chainRpc: file.chainRpc,
    sidecar: file.sidecar,
    gpuPollSeconds: file.gpuPollSeconds ?? (COMPUTING.has(file.mode ?? 'full') ? GPU_POLL_SECONDS : 0),
    mdns: file.mdns ?? false,
    rejoin: file.rejoin ?? false,
    listedOnly: file.listedOnly ?? false,
    network: {
      name: network.name,
      groups: network.groups ?? 1,
      members: network.members.map((member) => ({ ...member, publicKey: member.publicKey.toLowerCase() })),
      raft: { ...LIVE_RAFT, ...(network.raft as Partial<RaftParameters> | undefined) },
      decide: { ...LIVE_DECIDE, ...(network.decide as Partial<DecideParameters> | undefined) },
    },
    limits: { ...LIMITS, ...file.limits },
  };
}

export function placeOf(given: string): Place | undefined {
  const match = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(given);
  if (match === null || Number(match[2]) > 65_535) return undefined;
  return { host: (match[1] as string).replace(/^\[|\]$/g, ''), port: Number(match[2]) };
}

/** What is well-formed and still makes no sense. */
function meaningFaults(configuration: Configuration): string[] {
  const { self, http, p2p, network, chainRpc, sidecar } = configuration;
  const faults: string[] = memberFaults(network.members as readonly Member[]).map((fault) => `network.members: ${fault}`);
  if (!network.members.some((member) => member.id === self)) faults.push(`self: there is no member ${self} in network.members (it has ${network.members.length})`);
  if (http.port < 0) faults.push('http: expected <host>:<port>, such as 127.0.0.1:8080');
  if (!isAddress(p2p)) faults.push(`p2p: expected an address such as /ip4/0.0.0.0/tcp/${DEFAULT_P2P_PORT}, got "${p2p}"`);
  for (const [id, place] of sharedAddresses(network.members)) faults.push(`network.members: member ${id} has the address ${place} of another one`);
  if (chainRpc !== undefined && !/^(wss?|https?):\/\/[^\s/]+/.test(chainRpc)) faults.push(`chainRpc: expected a URL such as ws://127.0.0.1:9944, got "${chainRpc}"`);
  if (sidecar !== undefined && placeOf(sidecar) === undefined) faults.push(`sidecar: expected <host>:<port>, got "${sidecar}"`);
  const { electionMinUs, electionMaxUs, heartbeatUs } = network.raft;
  if (electionMinUs > electionMaxUs) faults.push(`network.raft: electionMinUs (${electionMinUs}) is above electionMaxUs (${electionMaxUs})`);
  const { maxOpen, maxRecords } = network.decide;
  if (maxOpen > MAX_OPEN) faults.push(`network.decide.maxOpen: expected at most ${MAX_OPEN}, got ${maxOpen}`);
  if (maxRecords > MAX_RECORDS) faults.push(`network.decide.maxRecords: expected at most ${MAX_RECORDS}, got ${maxRecords}`);
  if (heartbeatUs * 2 > electionMinUs) faults.push(`network.raft: heartbeatUs (${heartbeatUs}) must be at most half of electionMinUs (${electionMinUs})`);
  return faults;
}

function sharedAddresses(members: readonly Member[]): [number, string][] {
  const owner = new Map<string, number>();
  const shared: [number, string][] = [];
  for (const member of members) {
    for (const address of member.addresses) {
      const other = owner.get(address);
      if (other !== undefined && other !== member.id) shared.push([member.id, address]);
      owner.set(address, member.id);
    }
  }
  return shared;
}
