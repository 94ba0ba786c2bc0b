import { assert, assertEqual } from './assert.ts';
import { callOf, waysOf } from './attempt.ts';
import type { Check, Scene } from './scenario.ts';

/** Ends a call by its signal once its request has arrived, and says how the vendor saw it. */
async function abortOnArrival({ provider, model, stage }: Scene): Promise<void> {
  for (const way of waysOf(provider)) {
    const controller = new AbortController();
    const before = stage.requests();
    const asked = way.read(callOf(model, {}, controller.signal)).then(
      () => 'an answer',
      () => 'a failure',
    );
    await stage.received(before + 1);
    controller.abort(new Error('the caller has gone'));
    assertEqual(await asked, 'a failure', `${way.name}: after the abort`);
    assert(await stage.leftByClient(), `${way.name}: expected the connection to be closed by the abort`);
  }
}

/** How a call ends that is not read to its end. */
export const endingChecks: readonly Check[] = [
  {
    name: 'aborted-before',
    title: 'sends nothing under a signal that is aborted already',
    async run({ provider, model, stage }) {
      for (const way of waysOf(provider)) {
        const ended = way.read(callOf(model, {}, AbortSignal.abort(new Error('gone')))).then(
          () => 'an answer',
          () => 'a failure',
        );
        assertEqual(await ended, 'a failure', way.name);
      }
      assertEqual(stage.requests(), 0, 'the requests that were sent');
    },
  },
  {
    name: 'abort-before-headers',
    title: 'closes the connection on an abort before the vendor has said a word',
    faults: 'hang',
    run: abortOnArrival,
  },
  {
    name: 'abort-before-content',
    title: 'closes the connection on an abort between the headers and the first word',
    faults: 'stall-before-first-token',
    run: abortOnArrival,
  },
  {
    name: 'abort-amid',
    title: 'fails and closes the connection on an abort in the middle of a stream',
    faults: 'stall-after',
    async run({ provider, model, stage }) {
      const way = waysOf(provider).find(({ name }) => name === 'stream');
      if (!way) return;
      const controller = new AbortController();
      const ended = way
        .read(callOf(model, {}, controller.signal), ({ type }) => {
          if (type === 'text') controller.abort(new Error('gone'));
        })
        .then(
          () => 'an end',
          () => 'a failure',
        );
      assertEqual(await ended, 'a failure', 'after the abort');
      assert(await stage.leftByClient(), 'expected the connection to be closed by the abort');
    },
  },
  {
    name: 'left',
    title: 'closes the connection when its stream is left',
    faults: 'stall-after',
    async run({ provider, model, stage }) {
      if (!provider.stream) return;
      for await (const event of provider.stream(callOf(model))) if (event.type === 'text') break;
      assert(await stage.leftByClient(), 'expected the connection to be closed when the loop was left');
    },
  },
];
