// A port that nobody listens on and that the system gives to no client. Knows nothing of who takes it.
import { createServer } from "node:net";

/** A port below those that the system gives to clients: one that calls a server that is down could be given its own number. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
