// Each node in a network namespace of its own, joined by a bridge: here packets are lost, not bytes held up. A cut from one node
// to another makes the first send its packets to a machine that is not there, so nothing tells either that they are lost.
// What delays or thins out packets needs more of the kernel (netem) than every machine has: that is left to the proxy.

import { spawn, spawnSync } from 'node:child_process';
import type { LinkFault } from '../../io/sim/network.ts';
import type { Links } from './links.ts';

const HTTP_PORT = 8_080;
const P2P_PORT = 30_333;
/** The bridge has the last address, so that clients reach every node whatever is cut. */
const BRIDGE = 254;
const NOWHERE = '02:4c:53:ff:ff:ff';

/** Kinds of fault that packets can be given here; what is done to processes needs no packets. */
export const PACKET_FAULTS: readonly string[] = ['partition', 'one-way', 'leader-cut', 'kill', 'restart', 'pause', 'leader-killed', 'leader-paused'];

const mac = (id: number): string => `02:4c:53:00:00:${id.toString(16).padStart(2, '0')}`;

export class Namespaces implements Links {
  readonly about = 'packets between network namespaces, which a cut loses';
  private readonly name: string;
  private readonly subnet: number;
  private readonly nodes: number;
  private readonly active: LinkFault[] = [];
  /** Directed links whose packets go nowhere. */
  private cut: ReadonlySet<string> = new Set();
  private doing: Promise<void> = Promise.resolve();

  /** `subnet`: another one for each network that exists at the same time. */
  private constructor(nodes: number, subnet: number) {
    this.nodes = nodes;
    this.subnet = subnet;
    this.name = `ls${process.pid % 100_000}x${subnet}`;
  }

  /** Undefined, with the reason, where this machine or this user cannot have them. */
  static open(nodes: number, subnet: number): { readonly links: Namespaces } | { readonly why: string } {
    if (process.getuid?.() !== 0) return { why: 'network namespaces need the rights of root' };
    const made = new Namespaces(nodes, subnet);
    const why = made.build();
    if (why === undefined) return { links: made };
    made.remove();
    return { why };
  }

  private build(): string | undefined {
    const lines = [`link add ${this.name} type bridge`, `addr add ${this.ip(BRIDGE)}/24 dev ${this.name}`, `link set ${this.name} up`];
    for (let id = 1; id <= this.nodes; id++) lines.push(`netns add ${this.space(id)}`);
    const first = ip([], lines);
    if (first !== undefined) return first;
    for (let id = 1; id <= this.nodes; id++) {
      const outside = `${this.name}-${id}`;
      const why = ip([], [`link add ${outside} type veth peer name eth0 address ${mac(id)} netns ${this.space(id)}`, `link set ${outside} master ${this.name}`, `link set ${outside} up`])
        ?? ip(['-n', this.space(id)], ['link set lo up', `addr add ${this.ip(id)}/24 dev eth0`, 'link set eth0 up', ...this.others(id).map((other) => this.neighbour(other, mac(other)))]);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  private others(id: number): number[] {
    return Array.from({ length: this.nodes }, (_, place) => place + 1).filter((other) => other !== id);
  }

  private neighbour(id: number, address: string): string {
    return `neigh replace ${this.ip(id)} lladdr ${address} dev eth0 nud permanent`;
  }

  private space(id: number): string {
    return `${this.name}-n${id}`;
  }

  private ip(id: number): string {
    return `10.213.${this.subnet}.${id}`;
  }

  host(id: number): string {
    return this.ip(id);
  }

  ports(count: number): Promise<{ readonly http: readonly number[]; readonly p2p: readonly number[] }> {
    return Promise.resolve({ http: Array.from({ length: count }, () => HTTP_PORT), p2p: Array.from({ length: count }, () => P2P_PORT) });
  }

  address(_from: number, to: number, port: number): Promise<string> {
    return Promise.resolve(`/ip4/${this.ip(to)}/tcp/${port}`);
  }

  prefix(id: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.space(id)];
  }

  begin(fault: LinkFault): void {
    this.active.push(fault);
    this.apply();
  }

  end(fault: LinkFault): void {
    const place = this.active.indexOf(fault);
    if (place >= 0) this.active.splice(place, 1);
    this.apply();
  }

  /** Packets know no connections. */
  reset(): number {
    return 0;
  }

  /** Changes are made in the order in which they were asked for. */
  private apply(): void {
    const wanted = new Set<string>();
    for (const fault of this.active) for (const from of fault.from) for (const to of fault.to) if (from !== to) wanted.add(`${from}-${to}`);
    const before = this.cut;
    this.cut = wanted;
    this.doing = this.doing.then(async () => {
      for (let from = 1; from <= this.nodes; from++) {
        const changes = this.others(from).filter((to) => before.has(`${from}-${to}`) !== wanted.has(`${from}-${to}`));
        if (changes.length > 0) await batch(this.space(from), changes.map((to) => this.neighbour(to, wanted.has(`${from}-${to}`) ? NOWHERE : mac(to))));
      }
    });
  }

  /** When all that was asked for so far has been done. */
  async settled(): Promise<void> {
    await this.doing;
  }

  async close(): Promise<void> {
    await this.doing;
    this.remove();
  }

  private remove(): void {
    for (let id = 1; id <= this.nodes; id++) spawnSync('ip', ['netns', 'del', this.space(id)], { stdio: 'ignore' });
    spawnSync('ip', ['link', 'del', this.name], { stdio: 'ignore' });
  }
}

/** Gives `ip` these lines; what it complained about, if it did. */
function ip(options: readonly string[], lines: readonly string[]): string | undefined {
  const { status, error, stderr } = spawnSync('ip', [...options, '-batch', '-'], { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
  if (error !== undefined) return `the program "ip" cannot be started (${(error as NodeJS.ErrnoException).code ?? error.message})`;
  return status === 0 ? undefined : `"ip" says: ${stderr.trim().split('\n')[0] ?? 'nothing'}`;
}

function batch(space: string, lines: readonly string[]): Promise<void> {
  return new Promise((done) => {
    const child = spawn('ip', ['-n', space, '-batch', '-'], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.once('error', () => done());
    child.once('close', () => done());
    child.stdin.end(`${lines.join('\n')}\n`);
  });
}
