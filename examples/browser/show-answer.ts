/** The page's part of a streamed answer. Needs nothing but `fetch`; what it calls is yours. */

/** Where the answer is shown. */
export interface View {
  append(text: string): void;
  /** What was shown is void: another answer follows, from its beginning. */
  clear(): void;
  finished(): void;
  failed(message: string, canTryAgain: boolean): void;
}

/** Shows what a route sends by `stream.toResponse({ format: 'sse' })`. */
export async function showAnswer(response: Response, view: View): Promise<void> {
  let isOver = false;
  for await (const event of eventsOf(response)) {
    if (event.type === 'text') view.append(event.text);
    else if (event.type === 'restart') view.clear();
    else if (event.type === 'finish') view.finished();
    else if (event.type === 'error') view.failed(event.error.message, event.error.retryable);
    isOver ||= event.type === 'finish' || event.type === 'error';
  }
  // Only `finish` says that an answer is whole. A connection that ends without it has broken.
  if (!isOver) view.failed('The connection broke off.', true);
}

type BrowserEvent =
  | { readonly type: 'start' | 'restart' | 'finish' }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'error'; readonly error: { readonly message: string; readonly retryable: boolean } };

async function* eventsOf(response: Response): AsyncGenerator<BrowserEvent> {
  // Not every browser can iterate a body.
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const frames = (rest + decoder.decode(value, { stream: true })).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const data = frame.split('\n').find((line) => line.startsWith('data: '));
      if (data) yield JSON.parse(data.slice('data: '.length)) as BrowserEvent;
    }
  }
}
