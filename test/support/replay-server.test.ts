import { expect, it } from 'vitest';
import { describeRecordings } from './recordings.ts';
import { everyBytes, oddCutters, replayFetch, replayHeader, replayServer } from './replay-server.ts';

describeRecordings('the replay server', '', (recordings) => {
  it('serves every recording as it was recorded', async () => {
    await using server = await replayServer();
    for (const recording of recordings) {
      const response = await fetch(`${server.urlOf(recording)}/any/path`, { method: 'POST', body: '{}' });
      expect(response.status, recording.id).toBe(recording.response.status);
      expect(await response.text(), recording.id).toBe(recording.response.body);
    }
    expect(server.received).toHaveLength(recordings.length);
    expect(server.received[0]).toMatchObject({ path: '/any/path', method: 'POST', body: '{}' });
  });

  it.each(Object.entries(oddCutters))('loses nothing when it cuts: %s', async (_, cutter) => {
    const recording = recordings.find(
      ({ response }) => response.body.length < 20_000 && /[^\0-\x7f]/.test(response.body),
    )!;
    await using server = await replayServer();
    const response = await fetch(server.urlOf(recording, cutter));
    expect(await response.text()).toBe(recording.response.body);
  });

  it('lets a client see the cuts', async () => {
    const recording = recordings.find(({ response }) => response.body.length < 2_000)!;
    await using server = await replayServer();
    const response = await fetch(server.urlOf(recording, everyBytes(7)));
    const sizes: number[] = [];
    for await (const chunk of response.body!) sizes.push((chunk as Uint8Array).length);
    expect(sizes.length).toBeGreaterThan(recording.response.body.length / 20);
  });

  it('also answers as a fetch, in exactly the pieces that were cut', async () => {
    const recording = recordings.find(({ response }) => response.body.length < 2_000)!;
    const response = await replayFetch(recording, everyBytes(7))('http://nowhere');
    expect(response.status).toBe(recording.response.status);
    const sizes: number[] = [];
    for await (const chunk of response.body!) sizes.push((chunk as Uint8Array).length);
    expect(new Set(sizes.slice(0, -1))).toEqual(new Set([7]));
  });

  it('finds a recording by a header', async () => {
    await using server = await replayServer(recordings);
    const recording = recordings[3]!;
    const response = await fetch(server.url, { headers: { [replayHeader]: recording.id } });
    expect(await response.text()).toBe(recording.response.body);
  });
});
