// JSON that others wrote, at the door: a value, or undefined for what is none. Knows no form.

/** Reads JSON from text or UTF-8 bytes; undefined when it is none. */
export function parseJson(text: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text));
  } catch {
    return undefined;
  }
}

/** Whether a JSON value is an object: no list, and not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
