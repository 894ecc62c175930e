// What a name on the wire may look like [B5]. Knows no message.

const encoder = new TextEncoder();
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const control = /[\u0000-\u001f\u007f-\u009f]/;

/** The length of a text in UTF-8, in bytes. */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}

/** Whether a text takes at most that many bytes of UTF-8; counts only when it might not. */
export function fitsBytes(text: string, bytesMax: number): boolean {
  return text.length * 3 <= bytesMax || (text.length <= bytesMax && utf8Bytes(text) <= bytesMax);
}

/** Whether a text may be a resource, an operation or a node: 1 to `bytesMax` bytes, well-formed, no control characters. */
export function isName(text: string, bytesMax: number): boolean {
  if (isShortPlain(text, bytesMax)) return true;
  return text !== "" && fitsBytes(text, bytesMax) && !control.test(text) && text.isWellFormed();
}

// Longer ones are left to what the engine does faster.
const shortMax = 80;

/** Most names: printable ASCII and not long. */
function isShortPlain(text: string, bytesMax: number): boolean {
  const { length } = text;
  if (length === 0 || length > shortMax || length > bytesMax) return false;
  for (let place = 0; place < length; place += 1) {
    const unit = text.charCodeAt(place);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

/** Compares two well-formed texts by their UTF-8 bytes [B5]: negative, 0 or positive. */
export function compareText(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let place = 0; place < length; place += 1) {
    const [left, right] = [one.charCodeAt(place), other.charCodeAt(place)];
    if (left === right) continue;
    // A surrogate stands for a character above all others, though its unit is not the highest.
    return isSurrogate(left) === isSurrogate(right)
      ? left - right
      : Number(isSurrogate(left)) - Number(isSurrogate(right));
  }
  return one.length - other.length;
}

// Surrogates, and what is above them: at the first difference to a text without any, units stand in the order of characters.
const high = /[\ud800-\uffff]/;

/** Compares many texts with one, as `compareText` does, and mostly much faster. */
export function comparerWith(other: string): (one: string) => number {
  if (high.test(other)) return (one) => compareText(one, other);
  return (one) => (one === other ? 0 : one < other ? -1 : 1);
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** How many fields and entries a JSON value has, at all depths together. */
export function countFields(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let fields = 0;
  for (const entry of Array.isArray(value) ? value : Object.values(value)) fields += 1 + countFields(entry);
  return fields;
}

/** Whether a JSON value is what was meant [B5]: lone surrogates, and numbers that no double holds, would become others. */
export function isSound(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  return Array.isArray(value) ? value.every(isSound) : Object.entries(value).flat().every(isSound);
}

/** Whether a JSON value nests at most `levels` deep; a scalar is 0 deep. Looks no further than that. */
export function nestsWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0) return false;
  for (const entry of Array.isArray(value) ? value : Object.values(value)) {
    if (!nestsWithin(entry, levels - 1)) return false;
  }
  return true;
}
