// A hand-written reading of whole frames of the two messages that a busy hub hears most, in their plainest form and as every
// writer of JSON puts them: no white space, no escapes, the fields in the order of the protocol. Everything else is left to
// JSON and the schemas (undefined). test/shared/hot-path.test.ts proves that all readings agree.
import type { Limits } from "./limits.ts";
import type { ClientMessageOf } from "./protocol.ts";

type Plain = ClientMessageOf<"acquire" | "release">;

/** Reads a frame in which every message is a plain acquire or release. */
export function plainFrame(text: string, limits: Limits): { message: Plain }[] | undefined {
  const cursor = new Cursor(text);
  const isList = cursor.passes("[");
  const messages: { message: Plain }[] = [];
  for (;;) {
    const message = messageAt(cursor, limits);
    if (message === undefined) return undefined;
    messages.push({ message });
    if (!isList || !cursor.passes(",")) break;
  }
  return (!isList || cursor.passes("]")) && cursor.isAtEnd ? messages : undefined;
}

function messageAt(cursor: Cursor, limits: Limits): Plain | undefined {
  if (cursor.passes('{"type":"acquire","id":')) return acquireAt(cursor, limits);
  return cursor.passes('{"type":"release","id":') ? releaseAt(cursor) : undefined;
}

function acquireAt(cursor: Cursor, limits: Limits): Plain | undefined {
  const id = cursor.takeId();
  const resource = cursor.passes(',"resource":') ? cursor.takeName(limits.resourceBytesMax) : undefined;
  const operation = cursor.passes(',"operation":') ? cursor.takeName(limits.operationBytesMax) : "run";
  const mode = cursor.passes(',"mode":"exclusive"') ? "exclusive" : "once";
  if (id === 0 || resource === undefined || operation === undefined || !cursor.passes("}")) return undefined;
  return { type: "acquire", id, resource, operation, mode, wanted: false };
}

const outcomes = ["success", "failure", "none"] as const;
const outcomeTexts = { success: ',"outcome":"success"}', failure: ',"outcome":"failure"}', none: ',"outcome":"none"}' };

function releaseAt(cursor: Cursor): Plain | undefined {
  const id = cursor.takeId();
  if (id === 0) return undefined;
  for (const outcome of outcomes) {
    if (cursor.passes(outcomeTexts[outcome])) return { type: "release", id, outcome, retry: true };
  }
  return undefined;
}

// As many are never beyond 2^53.
const idDigitsMax = 15;
// A longer piece of a text would keep the whole text in memory.
const copiedMax = 12;
const [quote, backslash, zero] = [0x22, 0x5c, 0x30];

/** A place in a text. */
class Cursor {
  readonly #text: string;
  #place = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#place === this.#text.length;
  }

  /** Goes past a part of the text, if that is what comes next. */
  passes(part: string): boolean {
    const isNext = this.#text.startsWith(part, this.#place);
    if (isNext) this.#place += part.length;
    return isNext;
  }

  /** Goes past a request id; 0 when there is none. */
  takeId(): number {
    const first = this.#place;
    let id = 0;
    let digit = this.#text.charCodeAt(first) - zero;
    if (digit === 0) return 0;
    for (; digit >= 0 && digit <= 9; digit = this.#text.charCodeAt(this.#place) - zero) {
      id = id * 10 + digit;
      this.#place += 1;
    }
    return this.#place - first > idDigitsMax ? 0 : id;
  }

  /** Goes past a quoted name of printable ASCII; undefined when there is none, or a longer one. */
  takeName(bytesMax: number): string | undefined {
    const text = this.#text;
    const first = this.#place + 1;
    let end = first;
    if (text.charCodeAt(first - 1) !== quote) return undefined;
    for (let unit = text.charCodeAt(first); unit !== quote; unit = text.charCodeAt(end)) {
      if (!(unit >= 0x20 && unit <= 0x7e) || unit === backslash) return undefined;
      end += 1;
    }
    if (end === first || end - first > bytesMax) return undefined;
    this.#place = end + 1;
    if (end - first <= copiedMax) return text.slice(first, end);
    const copy: string = JSON.parse(text.slice(first - 1, end + 1));
    return copy;
  }
}
