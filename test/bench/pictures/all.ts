import { drawStreamsThatSurvive } from './streams-that-survive.ts';
import { drawTimeline } from './timeline.ts';

/** The pictures of docs/guides, by their file names: drawn from real runs, in virtual time. */
export const pictures: Readonly<Record<string, () => Promise<string>>> = {
  'streams-that-survive.svg': () => drawStreamsThatSurvive(),
  'down.svg': () => drawTimeline('S1', 'Down: a answers 503 to every request'),
  'brownout.svg': () => drawTimeline('S2', 'A brownout: 30 % of the requests to a fail'),
  'hang.svg': () => drawTimeline('S5-hang', 'A hang: a takes every request and says nothing'),
};
