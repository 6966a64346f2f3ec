// Short queues in plain arrays. `shift` and `splice` call into the engine's runtime, and give up the room that the next `push`
// takes: for a handful of elements moving them is several times cheaper.

/** Takes the first `count` elements off. */
export function dropFirst<T>(items: T[], count: number): void {
  const kept = items.length - count;
  for (let i = 0; i < kept; i++) items[i] = items[i + count] as T;
  for (let i = 0; i < count; i++) items.pop();
}

/** Takes out the element at `place`. */
export function takeAt<T>(items: T[], place: number): T {
  const taken = items[place] as T;
  const last = items.length - 1;
  for (let i = place; i < last; i++) items[i] = items[i + 1] as T;
  items.pop();
  return taken;
}
