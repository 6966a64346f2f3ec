// The services a node asks (its signer, the GPU driver, its content store) and the parent chain it follows. What is missing costs one line, and
// the node runs on.

import { CHAIN_DEFAULTS, LiveChain } from '../../io/live/chain.ts';
import { GPU_DEFAULTS, LiveGpu } from '../../io/live/gpu.ts';
import { LiveContent } from '../../io/live/content.ts';
import { LiveServices, type Answered } from '../../io/live/calls.ts';
import { FileSigner, type NodeKey } from '../../io/live/signer.ts';
import type { Services } from '../../io/ports.ts';
import type { ServiceRequest } from '../../kernel/event.ts';

export interface OutsideListener {
  readonly answered: Answered;
  parentHead(number: number, hash: string, parent: string): void;
  say(line: string): void;
}

export class Outside implements Services {
  private readonly services: LiveServices;
  private readonly gpu: LiveGpu;
  private readonly content: LiveContent;
  private readonly chainRpc: string | undefined;
  private readonly listener: OutsideListener;
  private chain: LiveChain | undefined;

  constructor(key: NodeKey, contents: string, chainRpc: string | undefined, listener: OutsideListener) {
    this.gpu = new LiveGpu(GPU_DEFAULTS, (line) => listener.say(line));
    const answered: Answered = (sequence, index, outcome) => listener.answered(sequence, index, outcome);
    this.content = new LiveContent(contents, answered);
    this.services = new LiveServices(new FileSigner(key), this.gpu, this.content, answered);
    this.chainRpc = chainRpc;
    this.listener = listener;
  }

  call(sequence: number, index: number, request: ServiceRequest): void {
    this.services.call(sequence, index, request);
  }

  /** Follows the parent chain, if there is one, from the head that the journal ends with. */
  follow(after: number | undefined): void {
    if (this.chainRpc === undefined) return;
    this.chain = new LiveChain({ ...CHAIN_DEFAULTS, url: this.chainRpc, after }, (head) => this.listener.parentHead(head.number, head.hash, head.parent), (line) => this.listener.say(line));
    this.chain.follow();
  }

  get idle(): boolean {
    return this.content.idle;
  }

  end(): void {
    this.services.stop();
    this.content.stop();
    this.gpu.stop();
    this.chain?.stop();
  }
}
