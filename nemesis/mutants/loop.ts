// Planted bugs of the loop: each breaks one of its rules.

import type { Mutant } from './mutant.ts';

const LOOP = 'io/loop.ts';
const KERNEL = 'kernel/kernel.ts';

export const LOOP_MUTANTS: readonly Mutant[] = [
  {
    name: 'loop/refold-performs',
    family: 'loop',
    about: 'recovery performs the effects of the events that it refolds (rule 1)',
    edits: [{ file: LOOP, anchor: 'sliceEvents: this.options.sliceEvents });', replacement: "sliceEvents: this.options.sliceEvents, seen: (event, effects) => effects.forEach((effect, index) => this.perform(effect, event, index, event.at)) });" }],
  },
  {
    name: 'loop/at-goes-back',
    family: 'loop',
    about: 'a message is stamped with the time of its arrival instead of its turn (rule 2)',
    edits: [
      { file: LOOP, anchor: "if (!this.inbox.messages.push(frame)) this.drop('inboxFull');", replacement: "if (!this.inbox.messages.push(frame)) this.drop('inboxFull');\n    else (this.arrivals ??= []).push(this.now());" },
      { file: LOOP, anchor: 'const at = Math.max(this.at, this.now());', replacement: 'const at = this.inbox.urgent.count === 0 && this.inbox.messages.count > 0 && this.folded.nextDeadline() > Math.max(this.at, this.now()) ? this.arrivals.shift() : Math.max(this.at, this.now());' },
    ],
  },
  {
    name: 'loop/deadlines-not-in-snapshot',
    family: 'loop',
    about: 'deadlines are no part of what a snapshot restores (rule 3)',
    edits: [{ file: KERNEL, anchor: 'modules.deadlines.restore(image.deadlines);', replacement: '' }],
  },
  {
    name: 'loop/deadline-waits-its-turn',
    family: 'loop',
    about: 'a deadline that is due waits until the inbox is empty (rule 3)',
    edits: [{ file: LOOP, anchor: 'const cause = this.due <= at ? DEADLINE : this.inbox.take();', replacement: 'const cause = this.inbox.take() ?? (this.due <= at ? DEADLINE : undefined);' }],
  },
  {
    name: 'loop/effect-before-durable',
    family: 'loop',
    about: 'effects leave before the event that caused them is durable (rule 4)',
    edits: [{ file: LOOP, anchor: 'if (effects.length > 0) this.hold(event, effects);', replacement: 'effects.forEach((effect, index) => this.perform(effect, event, index, at));\n    if (effects.length > 0) this.waiting.urgent = true;' }],
  },
  {
    name: 'loop/stale-effect-sent',
    family: 'loop',
    about: 'what meant "now" is sent after a stall (rule 4)',
    edits: [{ file: LOOP, anchor: "if (effect.validUntil < NEVER && this.now() > effect.validUntil) return this.drop('stale');", replacement: '' }],
  },
  {
    name: 'loop/unreadable-given-up',
    family: 'loop',
    about: 'a node whose disk cannot be read for the moment is turned away for good',
    edits: [{ file: LOOP, anchor: "if (step.value.code === 'io') return this.fail('io', step.value.text);", replacement: '' }],
  },
  {
    name: 'loop/effect-aliases-state',
    family: 'loop',
    about: 'an effect that waits behind the barrier still sees later changes (rule 11)',
    edits: [{ file: KERNEL, anchor: 'const effects = this.effects.slice(0, count);', replacement: 'this.effects.length = count;\n    const effects = this.effects;' }],
  },
  {
    name: 'loop/drains-for-ever',
    family: 'loop',
    about: 'a node that was asked to stop lets others take over what it leads, and goes on',
    edits: [{ file: LOOP, anchor: 'if (this.drainUntil < NEVER && (at >= this.drainUntil || !this.folded.isHandingOver)) this.stopping = true;', replacement: '' }],
  },
];
