// A run as text that a person can read and diff: one line a step, with what came of it.

import type { GroupMessage } from '../message.ts';
import type { Fact } from '../../fact.ts';
import type { Configuration } from '../configuration.ts';
import type { Raft } from '../raft.ts';

export function describe(m: GroupMessage): string {
  switch (m.kind) {
    case 'vote':
      return `${m.pre ? 'would you vote' : 'vote'} for me in term ${m.term}? my log ends at ${m.lastIndex}, term ${m.lastTerm}`;
    case 'voteReply':
      return `${m.granted ? 'yes' : 'no'}${m.pre ? ', I would' : ''}, term ${m.term}`;
    case 'append':
      return `append, term ${m.term}: after ${m.prevIndex} of term ${m.prevTerm}: ${m.entries.map((entry) => `${entry.command.kind}@${entry.term}`).join(' ') || 'nothing'}; commit ${m.commit}, round ${m.round}`;
    case 'appendReply':
      return `${m.ok ? 'agreed up to' : 'no; go on after'} ${m.match}, term ${m.term}, round ${m.round}`;
    case 'snapshot':
      return `snapshot of ${m.index}, term ${m.term}: content ${m.content.slice(0, 8)}, bytes ${m.offset}+${m.bytes.length} of ${m.length}`;
    case 'snapshotReply':
      return m.is === 'wanting' ? `snapshot of ${m.index}: go on at byte ${m.offset}` : `snapshot of ${m.index}: ${m.is}`;
    case 'open':
      return `open a session, nonce ${m.nonce}`;
    case 'opened':
      return `session ${m.session} is open, nonce ${m.nonce}`;
    case 'submit':
      return `session ${m.session}, sequence ${m.sequence}: ${m.body.kind === 'decide' ? `decide ${m.body.proposal.need} = ${m.body.proposal.proposal}` : m.body.kind}`;
    case 'submitted':
      return `session ${m.session}, sequence ${m.sequence}: ${m.outcome.kind}`;
    case 'read':
      return `read ${m.token}: what is ${m.need}?`;
    case 'readReply':
      return `read ${m.token}: ${m.lookup.kind === 'found' ? m.lookup.record.proposal.proposal : m.lookup.kind}`;
    case 'rest':
      return `rest, term ${m.term}: the log ends at ${m.lastIndex}`;
    case 'wake':
      return `wake up, term ${m.term}`;
    case 'takeOver':
      return `take over from me, term ${m.term}`;
    case 'order':
      return `order ${m.token}: ${m.wish.kind === 'change' ? `from configuration ${m.wish.number} to voters ${m.wish.goal.voters.join()}, learners ${m.wish.goal.learners.join() || 'none'}` : m.wish.kind === 'handOver' ? `hand over to ${m.wish.to}` : 'who are the members?'}`;
    case 'ordered':
      return `order ${m.token}: ${m.verdict}, ${describeConfiguration(m.configuration)}`;
    case 'redirect':
      return `${m.answers} ${m.number}: ${m.why}${m.leader === 0 ? '' : `, try ${m.leader}`}`;
  }
}

export function describeConfiguration(c: Configuration): string {
  const seats = (list: Configuration['voters']): string => list.map(({ node, life }) => (life === 0 ? `${node}` : `${node} of life ${life}`)).join() || 'none';
  return `configuration ${c.number}: voters ${seats(c.voters)}${c.outgoing.length > 0 ? `, outgoing ${seats(c.outgoing)}` : ''}${c.learners.length > 0 ? `, learners ${seats(c.learners)}` : ''}`;
}

export function describeFact(fact: Fact): string {
  if (fact.kind === 'becameLeader') return `leads term ${fact.term}`;
  if (fact.kind === 'steppedDown') return `steps down in term ${fact.term}: ${fact.why}`;
  if (fact.kind === 'decided') return `decided ${fact.need} = ${fact.proposal} at ${fact.index}`;
  if (fact.kind === 'snapshotInstalled') return `installed the snapshot of ${fact.index}`;
  if (fact.kind === 'chunkResent') return `sends node ${fact.to} the chunk at byte ${fact.offset} again`;
  if (fact.kind === 'snapshotResumed') return `goes on with the snapshot of ${fact.index}, of which it has ${fact.received} bytes`;
  if (fact.kind === 'snapshotChanged') return `gets the snapshot of ${fact.index} instead of that of ${fact.before}`;
  if (fact.kind === 'contentDamaged') return `the snapshot of ${fact.index} is damaged`;
  if (fact.kind === 'contentLost') return `the snapshot of ${fact.index} is lost to its store: ${fact.why}`;
  if (fact.kind === 'configured') return `${describeConfiguration(fact.configuration)}, at ${fact.index}`;
  if (fact.kind === 'handingOver') return `hands over to ${fact.to}`;
  if (fact.kind === 'sessionOpened') return `session ${fact.session} opened`;
  if (fact.kind === 'sessionExpired') return `session ${fact.session} expired`;
  return fact.kind;
}

/** What a trace shows of a member. */
interface Shown {
  readonly raft: Pick<Raft, 'role' | 'term' | 'firstIndex' | 'lastIndex' | 'commit'>;
}

/** What a member is after a step. */
export function describeMember(member: Shown): string {
  const { role, term, firstIndex, lastIndex, commit } = member.raft;
  const log = lastIndex < firstIndex ? `log ..${lastIndex}` : `log ${firstIndex}..${lastIndex}`;
  return `${role}, term ${term}, ${log}, commit ${commit}`;
}
