import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PortHolder {
  number(): number;
  sockets(): number;
  /** Listens, if it does not already. */
  open(port: number): Promise<void>;
  /** Stops listening and drops idle connections; exchanges under way go on. */
  shut(): Promise<void>;
  close(): Promise<void>;
}

/** A port of loopback that can be closed and opened again under the same number. */
export function portHolder(
  onRequest: (incoming: IncomingMessage, response: ServerResponse) => void,
): PortHolder {
  let number = 0;
  let server: Server | undefined;
  let sockets = 0;
  const closings: Promise<void>[] = [];

  const leaving = new Set<Server>();
  const shut = async (): Promise<void> => {
    const closing = server;
    if (!closing) return;
    server = undefined;
    closings.push(new Promise((resolve) => closing.close(() => resolve())));
    closing.closeIdleConnections();
    leaving.add(closing);
  };
  return {
    number: () => number,
    sockets: () => sockets,
    async open(port) {
      if (server) return;
      const opening = createServer(onRequest);
      // An idle connection that the server closes just as the client uses it again would be a fault nobody asked for.
      opening.keepAliveTimeout = 0;
      opening.requestTimeout = 0;
      opening.on('connection', (socket) => {
        sockets += 1;
        socket.once('close', () => (sockets -= 1));
      });
      await new Promise<void>((resolve, reject) => {
        opening.once('error', reject);
        opening.listen(port, '127.0.0.1', resolve);
      });
      number = (opening.address() as AddressInfo).port;
      server = opening;
    },
    shut,
    async close() {
      await shut();
      for (const closing of leaving) closing.closeAllConnections();
      await Promise.all(closings);
    },
  };
}
