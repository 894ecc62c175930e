// Every setting of the hub in one table: its name, what it says in the help, what is allowed and where in the Config it goes.
// Knows not where a raw value came from, and no hub: what a setting does is written where it is used.
import { defaultLimits, durationMsMax, type Limits } from "../shared/limits.ts";
import type { Config } from "./config.ts";
import {
  choice,
  duration,
  endpoints,
  type Form,
  host,
  integer,
  keySet,
  onOff,
  optional,
  origins,
  path,
  secret,
  text,
} from "./forms.ts";

/** One setting, or one bound of `limit.`. */
export type Setting = {
  readonly name: string;
  readonly holder?: string | undefined;
  readonly help: string;
  readonly allowed: string;
  /** Puts a raw value into a config; false when it is not allowed. */
  apply(config: Config, raw: unknown): boolean;
  show(config: Config): string;
};

function setting<Key extends keyof Config>(name: string, key: Key, form: Form<Config[Key]>, help: string): Setting {
  const apply = (config: Config, raw: unknown) => {
    const value = form.read(raw);
    if (value !== undefined) config[key] = value;
    return value !== undefined;
  };
  return { name, holder: form.holder, help, allowed: form.allowed, apply, show: (config) => form.show(config[key]) };
}

const engine = choice(["durable", "memory", "etcd"], "ENGINE");
const level = choice(["debug", "info", "warn", "error", "silent"], "LEVEL");

/** The settings that have a flag, in the order of the help. */
export const settings: readonly Setting[] = [
  setting("host", "host", host, "address to listen on"),
  setting("port", "port", integer(0, 65_535, "PORT"), "port to listen on, 0 for any free one"),
  setting(
    "engine",
    "engine",
    engine,
    "what keeps the queues: durable, a folder; etcd, a cluster for several hubs; memory, nothing over a restart",
  ),
  setting("data", "data", path, "folder of the durable engine; one hub at a time"),
  setting("etcd", "etcd", endpoints, "where the etcd of the etcd engine is"),
  setting(
    "etcd-prefix",
    "etcdPrefix",
    text("PREFIX"),
    "what the keys in etcd begin with; hubs that name the same one are one",
  ),
  setting("etcd-user", "etcdUser", optional(text("NAME")), "user of etcd"),
  setting("etcd-password", "etcdPassword", secret, "password of that user; better as BATON_ETCD_PASSWORD"),
  setting("etcd-ca", "etcdCa", optional(path), "certificates (PEM) by which etcd must show one of its own"),
  setting("etcd-cert", "etcdCert", optional(path), "certificate (PEM) that the hub shows to etcd"),
  setting("etcd-key", "etcdKey", optional(path), "private key of that certificate (PEM)"),
  setting("tokens", "tokens", optional(path), "file of tokens: who may come in, by the SHA-256 of each token"),
  setting("jwks", "jwks", optional(keySet), "key set of the JSON Web Tokens that let in, instead of --tokens"),
  setting("jwt-audience", "jwtAudience", optional(text("AUDIENCE")), "the audience (aud) that such a token must name"),
  setting("jwt-issuer", "jwtIssuer", optional(text("ISSUER")), "the issuer (iss) that such a token must name"),
  setting(
    "tls-cert",
    "tlsCert",
    optional(path),
    "certificate of the hub (PEM, with what leads to its root): wss and https",
  ),
  setting("tls-key", "tlsKey", optional(path), "private key of that certificate (PEM)"),
  setting("tls-ca", "tlsCa", optional(path), "certificates (PEM) by which every client must show one of its own"),
  setting("origins", "origins", origins, "page origins that may connect"),
  setting("grace-max", "graceMaxMs", duration(), "longest grace that a session may ask for"),
  setting("recovery-grace", "recoveryGraceMs", duration(), "least grace of every session after a restart"),
  setting("lock-delay", "lockDelayMs", duration(), "pause before what an ended session held is granted again"),
  setting("outcome-ttl", "outcomeTtlMs", duration(), "how long a success is remembered"),
  setting("heartbeat", "heartbeatMs", duration(10), "time between two pings"),
  setting("drain", "drainMs", duration(), "time that a stopping hub gives its sockets to close"),
  setting("insecure", "insecure", onOff, "let other machines in, though nobody is asked for a token"),
  setting("log-level", "logLevel", level, "least important line to log"),
  setting("log-pretty", "logPretty", onOff, "log for people, as a terminal gets it anyway"),
];

/** Their names. */
export const settingNames = settings.map(({ name }) => name);

// Past these, what a bound protects would break: the longest string of Node, and how deep a client reads, which is twice the
// default; a result stands three levels deeper in a view than in the release that it came with.
const limitMost: Partial<Record<keyof Limits, number>> = { frameBytesMax: 268_435_456, jsonDepthMax: 28 };

function limitSetting(name: keyof Limits): Setting {
  const most = limitMost[name] ?? (name.endsWith("MsMax") ? durationMsMax : Number.MAX_SAFE_INTEGER);
  const form = integer(1, most);
  const apply = (config: Config, raw: unknown) => {
    const value = form.read(raw);
    if (value !== undefined) config.limits[name] = value;
    return value !== undefined;
  };
  return {
    name: `limit.${name}`,
    help: "",
    allowed: form.allowed,
    apply,
    show: (config) => String(config.limits[name]),
  };
}

const isLimitName = (name: string): name is keyof Limits => Object.hasOwn(defaultLimits, name);
/** The names of all bounds. */
export const limitNames = Object.keys(defaultLimits).filter(isLimitName);
/** All of them by name, bounds as `limit.NAME`. */
export const settingsByName: ReadonlyMap<string, Setting> = new Map(
  [...settings, ...limitNames.map(limitSetting)].map((row) => [row.name, row]),
);
