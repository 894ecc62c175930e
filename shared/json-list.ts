// The text of a JSON list (RFC 8259) cut into shorter ones without reading its values: who has a long one need not read it at one
// go. As strict as JSON.parse. Knows no form.

const code = (character: string) => character.charCodeAt(0);
const openList = 0x5b,
  closeList = 0x5d,
  openObject = 0x7b,
  closeObject = 0x7d;
const comma = 0x2c,
  colon = 0x3a,
  quote = 0x22,
  backslash = 0x5c;
const minus = 0x2d,
  plus = 0x2b,
  dot = 0x2e,
  zero = 0x30,
  nine = 0x39;
const space = 0x20,
  tab = 9,
  newLine = 10,
  carriageReturn = 13;
const smallE = 0x65,
  largeE = 0x45,
  smallU = 0x75;
const escaped = new Set(Array.from('"\\/bfnrt', code));
const words = ["true", "false", "null"];
const hexadecimal = /^[\da-fA-F]{4}$/;

/** The next values of a list as the text of a list of their own, and where those after them begin; -1 when these are the last. */
type Piece = { readonly text: string; readonly next: number };

/** Whether a text begins as a list does. */
export function beginsList(text: string): boolean {
  return text.charCodeAt(afterSpace(text, 0)) === openList;
}

/**
 * The shortest piece of a list that has at least so many UTF-16 units, or what is left of it; `from` is where an earlier piece
 * says that the next begins, and 0 for the first. Undefined for an empty list, and for what is no JSON up to the piece's end.
 */
export function pieceOfList(text: string, from: number, units: number): Piece | undefined {
  const first = from > 0 ? from : afterSpace(text, afterSpace(text, 0) + 1);
  for (let at = first; ;) {
    const end = afterValue(text, at);
    if (end < 0) return undefined;
    at = afterSpace(text, end);
    const unit = text.charCodeAt(at);
    at = afterSpace(text, at + 1);
    if (unit === closeList) return at === text.length ? { text: `[${text.slice(first, end)}]`, next: -1 } : undefined;
    if (unit !== comma) return undefined;
    if (end - first >= units) return { text: `[${text.slice(first, end)}]`, next: at };
  }
}

// Each of these gives the place after what begins at one, or -1 when there is no such thing.

function afterValue(text: string, start: number): number {
  /** What ends each list and object that has begun. */
  const closers: number[] = [];
  let depth = 0;
  for (let at = start; ;) {
    const unit = text.charCodeAt(at);
    if (unit === openList || unit === openObject) {
      const closer = unit === openList ? closeList : closeObject;
      at = afterSpace(text, at + 1);
      if (text.charCodeAt(at) !== closer) {
        closers[depth] = closer;
        depth += 1;
        if (closer === closeObject) at = afterKey(text, at);
        if (at < 0) return -1;
        continue;
      }
      at += 1;
    } else {
      at = afterScalar(text, at, unit);
      if (at < 0) return -1;
    }
    // A value has ended, and with it perhaps what it is the last of.
    for (;;) {
      if (depth === 0) return at;
      const closer = closers[depth - 1];
      at = afterSpace(text, at);
      const next = text.charCodeAt(at);
      if (next !== closer && next !== comma) return -1;
      at += 1;
      if (next === closer) {
        depth -= 1;
        continue;
      }
      at = afterSpace(text, at);
      if (closer === closeObject) at = afterKey(text, at);
      if (at < 0) return -1;
      break;
    }
  }
}

/** After the key of an object, its colon and the space behind. */
function afterKey(text: string, at: number): number {
  const end = text.charCodeAt(at) === quote ? afterString(text, at) : -1;
  if (end < 0) return -1;
  const place = afterSpace(text, end);
  return text.charCodeAt(place) === colon ? afterSpace(text, place + 1) : -1;
}

function afterScalar(text: string, at: number, unit: number): number {
  if (unit === quote) return afterString(text, at);
  if (unit === minus || isDigit(unit)) return afterNumber(text, at);
  const word = words.find((one) => text.startsWith(one, at));
  return word === undefined ? -1 : at + word.length;
}

function afterString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === quote) return at + 1;
    if (unit < space) return -1;
    if (unit !== backslash) continue;
    at += 1;
    const kind = text.charCodeAt(at);
    if (kind === smallU) {
      if (!hexadecimal.test(text.slice(at + 1, at + 5))) return -1;
      at += 4;
    } else if (!escaped.has(kind)) return -1;
  }
  return -1;
}

function afterNumber(text: string, start: number): number {
  let at = text.charCodeAt(start) === minus ? start + 1 : start;
  at = text.charCodeAt(at) === zero ? at + 1 : afterDigits(text, at);
  if (at >= 0 && text.charCodeAt(at) === dot) at = afterDigits(text, at + 1);
  if (at < 0) return -1;
  const unit = text.charCodeAt(at);
  if (unit !== smallE && unit !== largeE) return at;
  const sign = text.charCodeAt(at + 1);
  return afterDigits(text, sign === minus || sign === plus ? at + 2 : at + 1);
}

/** After one digit or more. */
function afterDigits(text: string, start: number): number {
  let at = start;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at === start ? -1 : at;
}

function afterSpace(text: string, start: number): number {
  for (let at = start; ; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit !== space && unit !== newLine && unit !== carriageReturn && unit !== tab) return at;
  }
}

function isDigit(unit: number): boolean {
  return unit >= zero && unit <= nine;
}
