/**
 * Those who are there now, in the order in which they came. Most are joined by one at a time, for which a `Set` is heavy: it is
 * made anew each time that it becomes empty.
 */
export interface Crowd<Member> {
  first: Place<Member> | undefined;
  last: Place<Member> | undefined;
}

interface Place<Member> {
  readonly member: Member;
  before: Place<Member> | undefined;
  after: Place<Member> | undefined;
  isLeft: boolean;
}

export function createCrowd<Member>(): Crowd<Member> {
  return { first: undefined, last: undefined };
}

/** Returns how to leave, which says whether the member was still there. */
export function join<Member>(crowd: Crowd<Member>, member: Member): () => boolean {
  const before = crowd.last;
  const place: Place<Member> = { member, before, after: undefined, isLeft: false };
  if (before) before.after = place;
  else crowd.first = place;
  crowd.last = place;
  return () => leave(crowd, place);
}

function leave<Member>(crowd: Crowd<Member>, place: Place<Member>): boolean {
  if (place.isLeft) return false;
  place.isLeft = true;
  const { before, after } = place;
  if (before) before.after = after;
  else crowd.first = after;
  if (after) after.before = before;
  else crowd.last = before;
  return true;
}

export function isEmpty({ first }: Crowd<unknown>): boolean {
  return first === undefined;
}

/** A copy: who comes or leaves meanwhile changes nothing in it. */
export function membersOf<Member>({ first }: Crowd<Member>): Member[] {
  const members: Member[] = [];
  for (let place = first; place; place = place.after) members.push(place.member);
  return members;
}
