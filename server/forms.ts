// How the raw value of a setting, a text or a value of the file, becomes its value, and back.
// Knows no setting by name and not where a raw value came from.
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { durationMsMax } from "../shared/limits.ts";
import { isName } from "../shared/text.ts";

/** What one kind of setting looks like. */
export type Form<Value> = {
  /** What stands for the value in the help; a switch has none. */
  readonly holder?: string;
  /** What is allowed, in words that go on after "must be". */
  readonly allowed: string;
  /** The value, or undefined when the raw one is not allowed. */
  read(raw: unknown): Value | undefined;
  /** The value as a text that `read` would take. */
  show(value: Value): string;
};

/** An integer within bounds, written in decimal digits. */
export function integer(min: number, max: number, holder = "N"): Form<number> {
  return {
    holder,
    allowed: `an integer from ${min} to ${max}`,
    read: (raw) => {
      const value = typeof raw === "string" && /^\d{1,16}$/.test(raw) ? Number(raw) : raw;
      return typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max
        ? value
        : undefined;
    },
    show: String,
  };
}

const units = new Map([
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
]);

/** A duration in milliseconds, written as `500ms`, `30s`, `5m`, `24h` or `0`; at most 24 h [B4]. */
export function duration(minMs = 0): Form<number> {
  return {
    holder: "DURATION",
    allowed: `a duration from ${showDuration(minMs)} to ${showDuration(durationMsMax)}, such as 500ms, 30s or 5m`,
    read: (raw) => {
      const valueMs = readDuration(raw);
      return valueMs !== undefined && valueMs >= minMs && valueMs <= durationMsMax ? valueMs : undefined;
    },
    show: showDuration,
  };
}

function readDuration(raw: unknown): number | undefined {
  if (raw === 0 || raw === "0") return 0;
  const [, digits, unit = ""] = (typeof raw === "string" && /^(\d{1,16})(ms|s|m|h)$/.exec(raw)) || [];
  const unitMs = units.get(unit);
  return unitMs === undefined ? undefined : Number(digits) * unitMs;
}

function showDuration(valueMs: number): string {
  for (const [unit, unitMs] of units) {
    if (valueMs !== 0 && valueMs % unitMs === 0) return `${valueMs / unitMs}${unit}`;
  }
  return "0";
}

/** One of a few words. */
export function choice<const Word extends string>(words: readonly Word[], holder: string, why = ""): Form<Word> {
  return {
    holder,
    allowed: words.join(", ").replace(/, ([^,]*)$/, " or $1") + why,
    read: (raw) => words.find((word) => word === raw),
    show: (word) => word,
  };
}

/** On or off. */
export const onOff: Form<boolean> = {
  allowed: "true or false",
  read: (raw) => {
    if (raw === true || raw === "true" || raw === "1") return true;
    return raw === false || raw === "false" || raw === "0" ? false : undefined;
  },
  show: String,
};

/** A path in the file system. */
export const path: Form<string> = {
  holder: "PATH",
  allowed: "a path",
  read: (raw) => (typeof raw === "string" && raw !== "" && !raw.includes("\0") ? raw : undefined),
  show: (value) => value,
};

/** A value that may be missing, as it is unless it is set. */
export function optional<Value>(form: Form<Value>): Form<Value | undefined> {
  return { ...form, show: (value) => (value === undefined ? "" : form.show(value)) };
}

/** One line of text. */
export function text(holder: string): Form<string> {
  return {
    holder,
    allowed: "1 to 1,024 characters, none of them a control character",
    read: (raw) => (typeof raw === "string" && isName(raw, 1_024) ? raw : undefined),
    show: (value) => value,
  };
}

/** Where a key set is; over plain http only from this machine, for whoever could change it on its way could let anybody in. */
export const keySet: Form<string> = {
  holder: "URL|FILE",
  allowed: "a path, or an https URL; http is for a loopback address alone",
  read: (raw) => {
    if (typeof raw !== "string" || !/^[a-z][\w+.-]*:\/\//i.test(raw)) return path.read(raw);
    const url = URL.parse(raw);
    const isSafe =
      url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname.replace(/^\[|\]$/g, "")));
    return isSafe && url.username === "" && url.password === "" ? raw : undefined;
  },
  show: (value) => value,
};

/** A name or address to listen on; an IPv6 address may stand in brackets. */
export const host: Form<string> = {
  holder: "HOST",
  allowed: "a host name or an IP address",
  read: (raw) => {
    if (typeof raw !== "string") return undefined;
    const bare = /^\[(.*)\]$/.exec(raw)?.[1] ?? raw;
    return isIPv6(bare) || /^[\w.-]{1,253}$/.test(raw) ? bare : undefined;
  },
  show: (value) => value,
};

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether a host can be reached from this machine alone, as far as its name tells. */
export function isLoopback(value: string): boolean {
  if (isIPv4(value)) return loopback.check(value, "ipv4");
  return isIPv6(value) ? loopback.check(value, "ipv6") : value === "localhost";
}

/** Origins of pages; the word `own` is the empty list: no page but the hub's own. */
export const origins: Form<string[]> = {
  holder: "ORIGINS",
  allowed: "own, or origins such as https://ops.example.org, with commas between them",
  read: (raw) => {
    if (raw === "own") return [];
    const entries = typeof raw === "string" ? raw.split(",").map((entry) => entry.trim()) : raw;
    if (!Array.isArray(entries)) return undefined;
    const read = entries.map(readOrigin).filter((origin) => origin !== undefined);
    return read.length === entries.length ? read : undefined;
  },
  show: (value) => (value.length === 0 ? "own" : value.join(",")),
};

function readOrigin(raw: unknown): string | undefined {
  if (typeof raw !== "string" || !/^https?:\/\/[^/?#@\s]+\/?$/i.test(raw) || !URL.canParse(raw)) return undefined;
  return new URL(raw).origin;
}

/** Endpoints of a cluster; those of plain HTTP may leave out the scheme. */
export const endpoints: Form<string[]> = {
  holder: "ENDPOINTS",
  allowed: "endpoints such as http://127.0.0.1:2379, with commas between them",
  read: (raw) => {
    const entries = typeof raw === "string" ? raw.split(",").map((entry) => entry.trim()) : raw;
    if (!Array.isArray(entries)) return undefined;
    const read = entries.map(readEndpoint).filter((endpoint) => endpoint !== undefined);
    return read.length === entries.length ? read : undefined;
  },
  show: (value) => value.join(","),
};

function readEndpoint(raw: unknown): string | undefined {
  if (typeof raw !== "string") return undefined;
  const text = /^https?:\/\//i.test(raw) ? raw : `http://${raw}`;
  return /^https?:\/\/[^/?#@\s]+\/?$/i.test(text) && URL.canParse(text) ? new URL(text).origin : undefined;
}

/** A text that is never shown. */
export const secret: Form<string | undefined> = {
  ...text("SECRET"),
  show: (value) => (value === undefined ? "" : "(not shown)"),
};
