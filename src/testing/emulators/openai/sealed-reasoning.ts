/**
 * Encrypted reasoning as this emulator seals it: a payload and its sum, so that a seal which was changed, cut, or made
 * by anybody else is refused, as the vendor does.
 */

const prefix = 'gAAAA';

export function seal(id: string, reasoning: string): string {
  const payload = Buffer.from(JSON.stringify({ id, reasoning })).toString('base64url');
  return `${prefix}${payload}.${sumOf(payload)}`;
}

/** Whether a seal is whole, and, where the item names its id, made for that item. */
export function isSealed(sealed: string, id: string | undefined): boolean {
  const [payload = '', sum] = sealed.slice(prefix.length).split('.');
  if (!sealed.startsWith(prefix) || sum !== sumOf(payload)) return false;
  const { id: sealedId } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { id: string };
  return id === undefined || id === sealedId;
}

/** FNV-1a: enough to notice a change. */
function sumOf(text: string): string {
  let sum = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return sum.toString(16);
}
