// A shallow reading of the messages in a frame: type and id of each, no JSON parser for the usual ones, so that the load
// client is not what is measured. Knows no socket and no lock.

/** Hears a message: its type, its id (0 when it has none), and its place in the bytes. */
export type Heard = (type: string, id: number, bytes: Buffer, start: number, end: number) => void;

const code = (character: string) => character.charCodeAt(0);
const quote = code('"');
const backslash = code("\\");
const openBrace = code("{");
const closeBrace = code("}");
const openBracket = code("[");
const zero = code("0");

const usual = ["granted", "released", "queued", "skipped", "failed", "acquire", "release"].map((type) => ({
  type,
  head: Buffer.from(`{"type":"${type}","id":`),
}));
/** The offset of the type's first letter: enough, with what follows, to tell the usual types apart. */
const firstLetter = '{"type":"'.length;

/** Reads the text payload of one frame, from `start` to `end`; answers with the number of its messages. */
export function scanMessages(bytes: Buffer, start: number, end: number, heard: Heard): number {
  let place = bytes[start] === openBracket ? start + 1 : start;
  let messages = 0;
  while (place < end && bytes[place] === openBrace) {
    const after = endOfObject(bytes, place, end);
    hear(bytes, place, after, heard);
    messages += 1;
    place = after + 1;
  }
  return messages;
}

function endOfObject(bytes: Buffer, start: number, end: number): number {
  let depth = 0;
  for (let place = start; place < end; place++) {
    const byte = bytes[place];
    if (byte === quote) {
      for (place += 1; place < end && bytes[place] !== quote; place++) if (bytes[place] === backslash) place += 1;
    } else if (byte === openBrace) depth += 1;
    else if (byte === closeBrace) {
      depth -= 1;
      if (depth === 0) return place + 1;
    }
  }
  throw new Error(`no whole message in ${bytes.toString("utf8", start, end)}`);
}

function hear(bytes: Buffer, start: number, end: number, heard: Heard): void {
  const letter = bytes[start + firstLetter];
  for (const { type, head } of usual) {
    if (head[firstLetter] !== letter || !startsWith(bytes, start, head)) continue;
    heard(type, numberAt(bytes, start + head.length), bytes, start, end);
    return;
  }
  const { type, id = 0 }: { type: string; id?: number } = JSON.parse(bytes.toString("utf8", start, end));
  heard(type, id, bytes, start, end);
}

function startsWith(bytes: Buffer, start: number, head: Buffer): boolean {
  for (let place = head.length - 1; place >= 0; place--) if (bytes[start + place] !== head[place]) return false;
  return true;
}

function numberAt(bytes: Buffer, start: number): number {
  let value = 0;
  for (let place = start; ; place++) {
    const digit = (bytes[place] ?? 0) - zero;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}
