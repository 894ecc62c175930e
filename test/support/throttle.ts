// A TCP proxy that lets bytes through no faster than told, so that a download takes long enough to be interrupted.
// Usable without vitest.
import { connect, createServer, type Socket } from "node:net";

/** A proxy in front of a port of the loopback. */
export type Throttle = {
  readonly host: string;
  /** From now on, each connection's answers come at this rate; Infinity lets them through, 1 as good as holds them. */
  setRate(bytesPerSecond: number): void;
  close(): Promise<void>;
};

/** Starts a proxy in front of `127.0.0.1:<port>` that slows down what the far side answers, each connection by itself. */
export async function startThrottle(port: number, bytesPerSecond: number): Promise<Throttle> {
  let rate = bytesPerSecond;
  const sockets = new Set<Socket>();
  /** Those that rest after what they have let through. */
  const resting = new Map<Socket, NodeJS.Timeout>();
  const wake = (far: Socket) => {
    clearTimeout(resting.get(far));
    resting.delete(far);
    far.resume();
  };
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => sockets.delete(socket));
    }
    near.pipe(far);
    near.once("close", () => far.destroy());
    far.once("close", () => near.end());
    far.on("data", (chunk: Buffer) => {
      near.write(chunk);
      const restMs = (chunk.length / rate) * 1000;
      if (restMs < 1) return;
      far.pause();
      resting.set(far, setTimeout(wake, restMs, far));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    setRate: (wanted) => {
      rate = wanted;
      for (const far of resting.keys()) wake(far);
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      for (const far of resting.keys()) wake(far);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
