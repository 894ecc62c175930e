// What a connection is told that becomes no socket: one HTTP answer in the form of the protocol, and its end. Knows not why.
import type { Duplex } from "node:stream";

const reasons = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
};

/** A refusal that is said by hand. */
export type RefusalAnswer = { readonly status: keyof typeof reasons; readonly code: string; readonly message: string };

// Ended alone a connection would stay for as long as the other side likes.
const closeTimeoutMs = 5_000;

/** Says why to a request that was heard, and cuts its connection off, whether or not the other side reads. */
export function answerAndCutOff(stream: Duplex, refusal: RefusalAnswer): void {
  const timer = setTimeout(() => stream.destroy(), closeTimeoutMs);
  stream.once("close", () => clearTimeout(timer));
  stream.once("finish", () => stream.destroy());
  stream.end(textOf(refusal));
}

/** Cuts a connection off before it is heard; what it is told goes out as far as that takes no waiting. */
export function cutOffUnheard(stream: Duplex, refusal: RefusalAnswer): void {
  stream.write(textOf(refusal));
  stream.destroy();
}

function textOf({ status, code, message }: RefusalAnswer): string {
  const body = JSON.stringify({ code, message });
  const head = [
    `HTTP/1.1 ${status} ${reasons[status]}`,
    "Connection: close",
    // Which one there is, for whoever asks for another (RFC 6455, 4.4).
    "Sec-WebSocket-Version: 13",
    "Content-Type: application/json",
    "X-Content-Type-Options: nosniff",
    "Cache-Control: no-store",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
