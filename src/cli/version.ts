import { readFileSync } from 'node:fs';

/** Of the package that this belongs to. */
export function ownVersion(): string {
  const manifest = readFileSync(new URL(import.meta.resolve('failsoft/package.json')), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
