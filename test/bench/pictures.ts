import { writeFileSync } from 'node:fs';
import { pictures } from './pictures/all.ts';

// npm run source -- test/bench/pictures.ts: draws the pictures of docs/guides anew

const folder = new URL('../../docs/guides/pictures/', import.meta.url);
for (const [name, draw] of Object.entries(pictures)) writeFileSync(new URL(name, folder), await draw());
