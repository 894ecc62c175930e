// What goes through the sockets of a hub: plain numbers, read now and then. Knows no message.

/** Sockets that are open, and frames and bytes of payload so far. */
export type Traffic = { sockets: number; framesIn: number; bytesIn: number; framesOut: number; bytesOut: number };

/** Nothing has gone through yet. */
export function newTraffic(): Traffic {
  return { sockets: 0, framesIn: 0, bytesIn: 0, framesOut: 0, bytesOut: 0 };
}
