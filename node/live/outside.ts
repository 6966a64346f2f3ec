// The services a node asks: its signer, and the machine's GPUs.

import { FileSigner, type NodeKey } from '../../io/live/signer.ts';
import type { Services } from '../../io/ports.ts';
import type { ServiceOutcome, ServiceRequest } from '../../kernel/event.ts';

export interface OutsideListener {
  answered(sequence: number, index: number, outcome: ServiceOutcome): void;
  parentHead(number: number, hash: string, parent: string): void;
  say(line: string): void;
}

export class Outside implements Services {
  private readonly signer: FileSigner;
  private readonly listener: OutsideListener;

  constructor(key: NodeKey, _chainRpc: string | undefined, listener: OutsideListener) {
    this.signer = new FileSigner(key);
    this.listener = listener;
  }

  call(sequence: number, index: number, request: ServiceRequest): void {
    if (request.service === 'signer') this.listener.answered(sequence, index, { kind: 'ok', answer: { service: 'signer', signature: this.signer.sign(request.bytes) } });
    else this.listener.answered(sequence, index, { kind: 'failed', reason: 'this machine has no GPU port' });
  }

  end(): void {}
}
