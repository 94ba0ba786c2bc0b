import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Chromium or Chrome: what `CHROMIUM` names, else one on the path or in a usual place. */
export function findBrowser(): string | undefined {
  const stated = process.env.CHROMIUM;
  if (stated) return stated;
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  return [...onPath, ...elsewhere].find(existsSync);
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, any>;
  readonly result?: Record<string, any>;
  readonly error?: { readonly message: string };
}

/** One page in a browser of its own, by the Chrome DevTools Protocol. */
export interface Page extends AsyncDisposable {
  /** Resolves when it has loaded. */
  open(url: string): Promise<void>;
  /** What an expression is in the page; it must be plain JSON. */
  read<T>(expression: string): Promise<T>;
  /** Anything else: `Emulation.setDeviceMetricsOverride`, `Input.dispatchMouseEvent`, … */
  send(method: string, params?: object): Promise<Record<string, any>>;
  /** Errors and warnings of the console, and exceptions. */
  readonly complaints: readonly string[];
  /** The URLs that were asked for. */
  readonly requests: readonly string[];
}

/** Starts a browser without a window. */
export async function openPage(browser: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'failsoft-browser-'));
  // Its sandbox takes rights that containers do not give; it sees nothing here but a page of our own.
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
  ];
  const child = spawn(
    browser,
    [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const endpoint = new URL(await endpointOf(child));
  const targets = (await (await fetch(`http://${endpoint.host}/json/list`)).json()) as {
    type: string;
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets.find(({ type }) => type === 'page')!.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  const page = pageOver(socket);
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.send(`${domain}.enable`);
  return {
    ...page,
    async [Symbol.asyncDispose]() {
      socket.close();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function endpointOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += String(chunk);
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(`the browser ended: ${said}`)));
  });
}

function pageOver(socket: WebSocket): Omit<Page, typeof Symbol.asyncDispose> {
  const waiting = new Map<number, (message: Message) => void>();
  const complaints: string[] = [];
  const requests: string[] = [];
  let loaded: (() => void) | undefined;
  let last = 0;

  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else notice(message);
  });

  function notice({ method, params = {} }: Message): void {
    if (method === 'Page.loadEventFired') loaded?.();
    if (method === 'Network.requestWillBeSent') requests.push(String(params.request.url));
    if (method === 'Runtime.exceptionThrown')
      complaints.push(String(params.exceptionDetails.exception?.description));
    if (method === 'Runtime.consoleAPICalled') complaints.push(JSON.stringify(params.args));
    if (method === 'Log.entryAdded') complaints.push(String(params.entry.text));
  }

  const send: Page['send'] = (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = (last += 1);
      waiting.set(id, ({ result = {}, error }) => {
        waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result);
      });
      socket.send(JSON.stringify({ id, method, params }));
    });

  return {
    send,
    complaints,
    requests,
    async open(url) {
      const load = new Promise<void>((resolve) => (loaded = resolve));
      await send('Page.navigate', { url });
      await load;
    },
    async read<T>(expression: string): Promise<T> {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression,
        returnByValue: true,
      });
      if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value: T }).value;
    },
  };
}
