// Yamux answers every message with an update of its window: for each message one more is written, and the peer wakes up and
// decrypts it. A window of which half is left holds nobody up, so it is granted anew when less than that is left.

import type { Stream } from '@libp2p/interface';
import { StreamState } from '@libp2p/yamux/stream';

/** What of a yamux stream decides when it grants its peer more; a stream that is made otherwise is left as it is. */
interface Granting {
  readonly state?: StreamState;
  readonly recvWindow?: number;
  readonly recvWindowCapacity?: number;
  sendWindowUpdate?(): void;
}

export function grantInHalves(stream: Stream): void {
  const inner = stream as Granting;
  const { sendWindowUpdate } = inner;
  if (sendWindowUpdate === undefined) return;
  inner.sendWindowUpdate = (): void => {
    const { state, recvWindow = 0, recvWindowCapacity = 0 } = inner;
    // The first update also says that the stream was taken.
    if (state !== StreamState.Established || 2 * recvWindowCapacity <= recvWindow) sendWindowUpdate.call(inner);
  };
}
