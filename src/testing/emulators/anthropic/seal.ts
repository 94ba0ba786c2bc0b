import { createHmac } from 'node:crypto';

/** Anybody may know it: a seal shows that thinking came back as it was sent, not who made it. */
const secret = 'failsoft emulator';

/** The signature of a model's thinking: another text or another model gives another one. */
export function sealOf(model: string, thinking: string): string {
  return createHmac('sha256', secret).update(`${model}\n${thinking}`).digest('base64');
}

export function redactedOf(model: string, thinking: string): string {
  const hidden = Buffer.from(thinking).toString('base64url');
  return `${hidden}.${sealOf(model, hidden)}`;
}

export function isRedactedOf(model: string, data: string): boolean {
  const [hidden = '', seal] = data.split('.');
  return seal === sealOf(model, hidden);
}
