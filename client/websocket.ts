// The only file that makes a WebSocket. Turns the platform's events into calls, and says nothing once it was dropped.
// Knows no message.
import { subprotocol } from "../shared/protocol.ts";

/** What is used of a platform's WebSocket; the global one and that of `ws` both have it. */
export type PlatformSocket = {
  send(text: string): void;
  close(code?: number): void;
  /** Ends it without a closing handshake, where the platform can. */
  terminate?(): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "error", listener: (event: object) => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
};

/** A WebSocket class: the global one unless another is brought along. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => PlatformSocket;

/** Who hears what becomes of a socket. */
export type SocketListener = {
  opened(): void;
  /** A frame has come; `undefined` stands for one that is not text. */
  received(text: string | undefined): void;
  closed(code: number, reason: string): void;
};

/** A socket as a conversation needs it. */
export type Socket = {
  send(text: string): void;
  /** Closes as fast as the platform can; nothing is heard of it any more. */
  drop(code: number): void;
};

/**
 * Starts to connect.
 *
 * @throws what the constructor throws, such as for a URL that the platform refuses
 */
export function openSocket(WebSocketClass: WebSocketConstructor, url: string, listener: SocketListener): Socket {
  const platform = new WebSocketClass(url, [subprotocol]);
  let hears = true;
  platform.addEventListener("open", () => {
    if (hears) listener.opened();
  });
  platform.addEventListener("message", ({ data }) => {
    if (hears) listener.received(typeof data === "string" ? data : undefined);
  });
  // A close follows. Of what went wrong `ws` says more than that; browsers, and Node's own, keep it to themselves.
  let explanation = "";
  platform.addEventListener("error", (event) => {
    if ("message" in event && typeof event.message === "string") explanation ||= event.message;
  });
  platform.addEventListener("close", ({ code, reason }) => {
    if (hears) listener.closed(code, reason || explanation);
  });
  return {
    send: (text) => platform.send(text),
    drop: (code) => {
      hears = false;
      if (platform.terminate === undefined) platform.close(code);
      else platform.terminate();
    },
  };
}
