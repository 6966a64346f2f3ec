// The whole state of a group's member as a value, and as bytes. Taking an image copies references: entries, rows, records and
// outcomes never change. A member restored from it goes on with the same effects as the one it was taken from.

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { nodeId, type NodeId } from '../base/ids.ts';
import type { Micros } from '../base/time.ts';
import { readNeed } from '../decide/record.ts';
import type { MachineImage } from '../machine.ts';
import { configurationCodec } from './configuration.ts';
import { entryCodec, type Entry } from './entry.ts';
import { sessionRowCodec } from './message.ts';
import type { Standing } from './standing.ts';
import { offerCodec, type OfferImage } from './offer.ts';
import { MODES, type Mode, type ProgressImage } from './progress.ts';
import type { PendingRead } from './reads.ts';
import type { SessionImage } from './sessions.ts';
import { assemblyCodec, machineImageCodec, type AssemblyImage } from './transfer.ts';

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';
const ROLES: readonly Role[] = ['follower', 'preCandidate', 'candidate', 'leader'];

export interface RaftImage {
  readonly term: number;
  /** Whom it voted for in `term`; 0: nobody. */
  readonly vote: NodeId;
  readonly role: Role;
  readonly leader: NodeId;
  readonly commit: number;
  readonly applied: number;
  readonly base: number;
  readonly baseTerm: number;
  /** The latest configuration that is not among the entries, and those that are: in bytes they are not told twice. */
  readonly standings: readonly Standing[];
  readonly entries: readonly Entry[];
  readonly machine: MachineImage;
  readonly sessions: readonly SessionImage[];
  readonly heardAt: Micros;
  readonly quietSince: Micros;
  readonly timeoutUs: Micros;
  readonly granted: readonly boolean[];
  // What only a leader has.
  readonly termStart: number;
  readonly ownAt: Micros;
  readonly ownIndex: number;
  readonly expireIndex: number;
  /** To whom it is handing over, and until when it tries; 0: to nobody. */
  readonly handingTo: NodeId;
  readonly handingUntil: Micros;
  /** When something was last begun; how often it has said that the group rests; and whether it does. */
  readonly busyAt: Micros;
  readonly resting: number;
  readonly asleep: boolean;
  readonly progress: readonly ProgressImage[];
  readonly round: number;
  readonly confirmed: number;
  readonly reads: readonly PendingRead[];
  /** The snapshot that followers get. It outlives the term of office. */
  readonly offer: OfferImage | undefined;
  // What only a follower has that is getting a snapshot.
  readonly assembly: AssemblyImage | undefined;
  /** An entry could not be applied: the member does nothing more. */
  readonly halted: boolean;
}

/** Bounds of what a decoder takes in; the state itself is bounded by the parameters. */
const MAX_LISTED = 1 << 20;

const boolCodec: Codec<boolean> = { write: (w: Writer, value: boolean): void => w.bool(value), read: (r: Reader): boolean => r.bool() };
const uintCodec: Codec<number> = { write: (w: Writer, value: number): void => w.uint(value), read: (r: Reader): number => r.uint() };

const sessionImageCodec: Codec<SessionImage> = {
  write(w: Writer, image: SessionImage): void {
    w.array(3);
    sessionRowCodec.write(w, image.row);
    w.uint(image.touchedAt);
    w.list(uintCodec, image.inLog);
  },
  read(r: Reader): SessionImage {
    r.tuple(3);
    return { row: sessionRowCodec.read(r), touchedAt: r.uint(), inLog: r.list(uintCodec, MAX_LISTED) };
  },
};

const progressCodec: Codec<ProgressImage> = {
  write(w: Writer, p: ProgressImage): void {
    w.array(12);
    w.uint(p.match);
    w.uint(p.next);
    w.uint(MODES.indexOf(p.mode));
    w.bool(p.waiting);
    w.list(uintCodec, p.inFlight);
    w.uint(p.sentAt);
    w.uint(p.heardAt);
    w.uint(p.round);
    w.uint(p.snapshotIndex);
    w.uint(p.offset);
    w.uint(p.sentTo);
    w.bool(p.wanted);
  },
  read(r: Reader): ProgressImage {
    r.tuple(12);
    return {
      match: r.uint(), next: r.uint(), mode: MODES[r.uint(MODES.length - 1)] as Mode, waiting: r.bool(), inFlight: r.list(uintCodec, MAX_LISTED),
      sentAt: r.uint(), heardAt: r.uint(), round: r.uint(), snapshotIndex: r.uint(), offset: r.uint(), sentTo: r.uint(), wanted: r.bool(),
    };
  },
};

const readCodec: Codec<PendingRead> = {
  write(w: Writer, read: PendingRead): void {
    w.array(5);
    w.uint(read.from);
    w.uint(read.token);
    w.text(read.need);
    w.uint(read.index);
    w.uint(read.round);
  },
  read(r: Reader): PendingRead {
    r.tuple(5);
    return { from: nodeId(r.uint(0xffff)), token: r.uint(), need: readNeed(r), index: r.uint(), round: r.uint() };
  },
};

const standingCodec: Codec<Standing> = {
  write(w: Writer, standing: Standing): void {
    w.array(3);
    w.uint(standing.index);
    w.uint(standing.term);
    configurationCodec.write(w, standing.configuration);
  },
  read(r: Reader): Standing {
    r.tuple(3);
    return { index: r.uint(), term: r.uint(), configuration: configurationCodec.read(r) };
  },
};

/** The configurations among the entries after `base`. */
function standingsIn(entries: readonly Entry[], base: number): readonly Standing[] {
  return entries.flatMap(({ term, command }, place) => (command.kind === 'configure' ? [{ index: base + place + 1, term, configuration: command.configuration }] : []));
}

export const raftImageCodec: Codec<RaftImage> = {
  write(w: Writer, image: RaftImage): void {
    w.array(32);
    w.uint(image.term);
    w.uint(image.vote);
    w.uint(ROLES.indexOf(image.role));
    w.uint(image.leader);
    w.uint(image.commit);
    w.uint(image.applied);
    w.uint(image.base);
    w.uint(image.baseTerm);
    standingCodec.write(w, image.standings[0] as Standing);
    w.list(entryCodec, image.entries);
    machineImageCodec.write(w, image.machine);
    w.list(sessionImageCodec, image.sessions);
    w.uint(image.heardAt);
    w.uint(image.quietSince);
    w.uint(image.timeoutUs);
    w.list(boolCodec, image.granted);
    w.uint(image.termStart);
    w.uint(image.ownAt);
    w.uint(image.ownIndex);
    w.uint(image.expireIndex);
    w.uint(image.handingTo);
    w.uint(image.handingUntil);
    w.uint(image.busyAt);
    w.uint(image.resting);
    w.bool(image.asleep);
    w.list(progressCodec, image.progress);
    w.uint(image.round);
    w.uint(image.confirmed);
    w.list(readCodec, image.reads);
    w.option(offerCodec, image.offer);
    w.option(assemblyCodec, image.assembly);
    w.bool(image.halted);
  },
  read(r: Reader): RaftImage {
    r.tuple(32);
    const first = { term: r.uint(), vote: nodeId(r.uint(0xffff)), role: ROLES[r.uint(ROLES.length - 1)] as Role, leader: nodeId(r.uint(0xffff)) };
    const log = { commit: r.uint(), applied: r.uint(), base: r.uint(), baseTerm: r.uint() };
    const standing = standingCodec.read(r);
    const entries = r.list(entryCodec, MAX_LISTED);
    const image: RaftImage = {
      ...first, ...log, standings: [standing, ...standingsIn(entries, log.base)], entries,
      machine: machineImageCodec.read(r), sessions: r.list(sessionImageCodec, MAX_LISTED),
      heardAt: r.uint(), quietSince: r.uint(), timeoutUs: r.uint(), granted: r.list(boolCodec, MAX_LISTED),
      termStart: r.uint(), ownAt: r.uint(), ownIndex: r.uint(), expireIndex: r.uint(),
      handingTo: nodeId(r.uint(0xffff)), handingUntil: r.uint(), busyAt: r.uint(), resting: r.uint(), asleep: r.bool(), progress: r.list(progressCodec, MAX_LISTED),
      round: r.uint(), confirmed: r.uint(), reads: r.list(readCodec, MAX_LISTED), offer: r.option(offerCodec), assembly: r.option(assemblyCodec),
      halted: r.bool(),
    };
    if (image.applied > image.commit || image.commit > image.base + image.entries.length || image.base > image.applied) throw new Refused('indices of a log out of order');
    return image;
  },
};
