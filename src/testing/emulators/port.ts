import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface PortHolder {
  number(): number;
  /** Open connections. */
  sockets(): number;
  /** Listens, if it does not already. */
  open(port: number): Promise<void>;
  /** Stops listening and drops idle connections; exchanges under way go on. */
  shut(): Promise<void>;
  /** Stops listening and drops every connection. */
  close(): Promise<void>;
}

type OnRequest = (incoming: IncomingMessage, response: ServerResponse) => void;

/** A port of loopback that can be closed and opened again under the same number. */
export function portHolder(onRequest: OnRequest): PortHolder {
  const sockets = new Set<Socket>();
  const busy = new Set<Socket>();
  let number = 0;
  let server: Server | undefined;

  const accept: OnRequest = (incoming, response) => {
    const { socket } = incoming;
    busy.add(socket);
    response.once('close', () => {
      busy.delete(socket);
      // Closed meanwhile: what was under way is over now, and the connection must not serve the next request.
      if (!server) socket.destroy();
    });
    onRequest(incoming, response);
  };
  const shut = async (): Promise<void> => {
    server?.close();
    server = undefined;
    await drop([...sockets].filter((socket) => !busy.has(socket)));
  };
  return {
    number: () => number,
    sockets: () => sockets.size,
    async open(port) {
      if (server) return;
      server = await listen(port, accept);
      number = (server.address() as AddressInfo).port;
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
    },
    shut,
    async close() {
      await shut();
      await drop([...sockets]);
    },
  };
}

async function listen(port: number, onRequest: OnRequest): Promise<Server> {
  const server = createServer(onRequest);
  // An idle connection that the server closes just as the client uses it again would be a fault nobody asked for.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function drop(sockets: readonly Socket[]): Promise<void> {
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
  // A client in this process learns of it in a later turn; before that it would still use the connection.
  if (sockets.length > 0)
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
