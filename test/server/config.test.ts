// What the hub's settings may be, where they come from, and what is said when one is wrong.
import { describe, expect, test } from "vitest";
import { type Config, ConfigError, defaultConfig, readConfig } from "../../server/config.ts";
import { defaultLimits } from "../../shared/limits.ts";

type Given = { env?: Record<string, string>; file?: string };

const noFile = (path: string): string => {
  throw new Error(`ENOENT: no such file or directory, open '${path}'`);
};

function read(argv: string[], { env = {}, file }: Given = {}) {
  return readConfig(argv, env, file === undefined ? noFile : () => file);
}

function started(argv: string[], given: Given = {}) {
  const reading = read(argv, given);
  if (reading.do !== "start") throw new Error(`not a start but ${reading.do}`);
  return reading;
}

function refusal(argv: string[], given: Given = {}): string {
  try {
    read(argv, given);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

function printed(argv: string[], given: Given = {}): string {
  const reading = read(argv, given);
  return reading.do === "print" ? reading.text : "";
}

describe("where a setting comes from", () => {
  test("without a word the defaults are in force, and say so", () => {
    const { config, sources, warnings } = started([]);
    expect(config).toEqual(defaultConfig);
    expect(new Set(sources.values())).toEqual(new Set(["default"]));
    expect(warnings).toEqual([]);
  });

  test("a flag goes before the environment, and that before the file", () => {
    const env = { BATON_PORT: "2", BATON_DRAIN: "2s" };
    const file = '{"port": 3, "drain": "3s", "heartbeat": "3s"}';
    const { config, sources } = started(["--port", "1", "--config", "baton.json"], { env, file });
    expect([config.port, config.drainMs, config.heartbeatMs]).toEqual([1, 2_000, 3_000]);
    expect(["port", "drain", "heartbeat"].map((name) => sources.get(name))).toEqual([
      "--port",
      "BATON_DRAIN",
      "baton.json: heartbeat",
    ]);
  });

  test("limits are merged name by name over all of them", () => {
    const { config } = started(["--limit", "labelsMax=1", "--limit", "sessionsMax=1", "--config", "baton.json"], {
      env: { BATON_LIMIT: "labelsMax=2, noteBytesMax=2" },
      file: '{"limit": {"labelsMax": 3, "noteBytesMax": 3, "pageEntriesMax": 3}}',
    });
    expect(config.limits).toEqual({
      ...defaultLimits,
      labelsMax: 1,
      sessionsMax: 1,
      noteBytesMax: 2,
      pageEntriesMax: 3,
    });
  });

  test("reading settings leaves the defaults as they are", () => {
    const before = structuredClone(defaultConfig);
    started(["--port", "1", "--limit", "labelsMax=1", "--origins", "https://a.example"]);
    expect(defaultConfig).toEqual(before);
  });

  test("the file may be named by the environment", () => {
    expect(started([], { env: { BATON_CONFIG: "baton.json" }, file: '{"port": 3}' }).config.port).toBe(3);
  });

  test("an empty variable is one that is not set", () => {
    expect(started([], { env: { BATON_PORT: "", BATON_CONFIG: "" } }).config.port).toBe(7420);
  });

  test("a variable that is no setting is ignored with a warning", () => {
    expect(started([], { env: { BATON_PROT: "1" } }).warnings).toEqual([
      "BATON_PROT is ignored: it is no setting of this version of the hub",
    ]);
  });

  test("the variables of the command line are no business of the hub", () => {
    const env = {
      BATON_URL: "ws://x",
      BATON_TOKEN: "x",
      BATON_NODE: "x",
      BATON_RESOURCE: "x",
      BATON_FENCE: "1",
      HOME: "/",
    };
    expect(started([], { env }).warnings).toEqual([]);
  });

  test("what Kubernetes sets for a service called baton is no setting", () => {
    const env = {
      BATON_PORT: "tcp://10.0.0.1:7420",
      BATON_SERVICE_HOST: "10.0.0.1",
      BATON_PORT_7420_TCP_ADDR: "10.0.0.1",
    };
    const { config, warnings } = started([], { env });
    expect(config.port).toBe(7420);
    expect(warnings).toEqual([expect.stringContaining("Kubernetes")]);
  });
});

describe("what a setting may be", () => {
  const accepted: [argv: string[], key: keyof Config, value: unknown][] = [
    [["--port", "0"], "port", 0],
    [["--port=65535"], "port", 65_535],
    [["--grace-max", "500ms"], "graceMaxMs", 500],
    [["--recovery-grace", "5m"], "recoveryGraceMs", 300_000],
    [["--lock-delay", "0"], "lockDelayMs", 0],
    [["--outcome-ttl", "24h"], "outcomeTtlMs", 86_400_000],
    [["--heartbeat", "10ms"], "heartbeatMs", 10],
    [["--host", "localhost"], "host", "localhost"],
    [["--host", "127.9.9.9"], "host", "127.9.9.9"],
    [["--host", "[::1]"], "host", "::1"],
    [["--host", "0.0.0.0", "--insecure"], "host", "0.0.0.0"],
    [
      ["--origins", "https://A.example, http://b.example:8080/"],
      "origins",
      ["https://a.example", "http://b.example:8080"],
    ],
    [["--origins", "own"], "origins", []],
    [["--log-level", "silent"], "logLevel", "silent"],
    [["--log-pretty"], "logPretty", true],
    [["--engine", "memory"], "engine", "memory"],
  ];
  test.each(accepted)("%j is accepted", (argv, key, value) => {
    expect(started(argv).config[key]).toEqual(value);
  });

  test("a switch can be turned off by the environment and the file", () => {
    expect(started([], { env: { BATON_LOG_PRETTY: "false" } }).config.logPretty).toBe(false);
    expect(started(["--config", "f"], { file: '{"log-pretty": true}' }).config.logPretty).toBe(true);
  });

  test("the file's lists and numbers are those of JSON", () => {
    const file = '{"port": 1, "origins": ["https://a.example"], "lock-delay": 0}';
    expect(started(["--config", "f"], { file }).config).toMatchObject({
      port: 1,
      origins: ["https://a.example"],
      lockDelayMs: 0,
    });
  });
});

describe("what is said of a wrong setting", () => {
  const refused: [argv: string[], line: string | RegExp][] = [
    [["--port", "65536"], '--port must be an integer from 0 to 65535, not "65536"'],
    [["--port", "-1"], /^--port must be an integer/],
    [["--port", "1e3"], /^--port must be an integer/],
    [["--port", ""], /^--port must be an integer/],
    [["--grace-max", "30"], /^--grace-max must be a duration from 0 to 24h, such as 500ms, 30s or 5m, not "30"$/],
    [["--grace-max", "25h"], /^--grace-max must be a duration/],
    [["--grace-max", "1.5s"], /^--grace-max must be a duration/],
    [["--grace-max", "-1s"], /^--grace-max must be a duration/],
    [["--grace-max", "Infinity"], /^--grace-max must be a duration/],
    [["--heartbeat", "9ms"], /^--heartbeat must be a duration from 10ms to 24h/],
    [["--heartbeat", "0"], /^--heartbeat must be a duration/],
    [["--engine", "disk"], '--engine must be durable, memory or etcd, not "disk"'],
    [["--engine", "etcd"], "the etcd engine needs --etcd: its endpoints"],
    [["--etcd", "http://a:1/path"], /^--etcd must be endpoints/],
    [["--etcd-user", "baton"], "--etcd-user and --etcd-password go together"],
    [["--etcd-key", "key.pem"], "--etcd-cert and --etcd-key go together"],
    [["--log-level", "loud"], '--log-level must be debug, info, warn, error or silent, not "loud"'],
    [["--origins", "a.example"], /^--origins must be own, or origins/],
    [["--origins", "https://a.example/page"], /^--origins must be own, or origins/],
    [["--origins", "https://user@a.example"], /^--origins must be own, or origins/],
    [["--host", ""], /^--host must be a host name/],
    [["--host", "a b"], /^--host must be a host name/],
    [["--limit", "labels=1"], /^--limit labels is no limit; they are frameBytesMax, .*pageEntriesMax$/],
    [["--limit", "labelsMax"], '--limit must be NAME=N, not "labelsMax"'],
    [["--limit", "labelsMax=0"], /^--limit labelsMax must be an integer from 1 to/],
    [["--limit", "helloMsMax=86400001"], '--limit helloMsMax must be an integer from 1 to 86400000, not "86400001"'],
    [["--limit", "frameBytesMax=1000000000"], /^--limit frameBytesMax must be an integer from 1 to 268435456/],
    [["--limit", "__proto__=1"], /^--limit __proto__ is no limit/],
    [["--prot", "1"], "unknown option '--prot' (Did you mean --port?)"],
    [["--tokens", ""], '--tokens must be a path, not ""'],
    [
      ["--tokens", "f", "--jwks", "g", "--jwt-audience", "a", "--jwt-issuer", "i"],
      /^--jwks stands in the place of --tokens/,
    ],
    [["--jwks", "f"], /^--jwks needs --jwt-audience and --jwt-issuer/],
    [["--jwks", "f", "--jwt-audience", "a"], /^--jwks needs --jwt-audience and --jwt-issuer/],
    [
      ["--jwks", "http://keys.example/"],
      /^--jwks must be a path, or an https URL; http is for a loopback address alone/,
    ],
    [["--jwks", "https://user@keys.example/"], /^--jwks must be a path, or an https URL/],
    [["--jwt-issuer", "i"], "--jwt-issuer is of no use without --jwks"],
    [["--tls-cert", "f"], "--tls-cert: --tls-cert and --tls-key go together"],
    [["--tls-key", "f"], "--tls-key: --tls-cert and --tls-key go together"],
    [["--tls-ca", "f"], "--tls-ca needs --tls-cert and --tls-key"],
    [["--port"], /argument missing/],
    [["start"], /^too many arguments/],
  ];
  test.each(refused)("%j is refused in one line", (argv, line) => {
    const message = refusal(argv);
    if (typeof line === "string") expect(message).toBe(line);
    else expect(message).toMatch(line);
    expect(message).not.toContain("\n");
  });

  test("a variable is named as it is written", () => {
    expect(refusal([], { env: { BATON_GRACE_MAX: "x" } })).toMatch(/^BATON_GRACE_MAX must be a duration/);
    expect(refusal([], { env: { BATON_LIMIT: "labelsMax=x" } })).toMatch(/^BATON_LIMIT labelsMax must be an integer/);
  });

  test("a host that others reach is refused, wherever it comes from, unless somebody is asked for a token", () => {
    expect(refusal(["--host", "0.0.0.0"])).toMatch(/^--host 0\.0\.0\.0 lets other machines in, .*--tokens.*--insecure/);
    started(["--host", "0.0.0.0", "--tokens", "f"]);
    started(["--host", "0.0.0.0", "--jwks", "https://keys.example/", "--jwt-audience", "a", "--jwt-issuer", "i"]);
    started(["--host", "0.0.0.0", "--jwks", "http://127.0.0.1/", "--jwt-audience", "a", "--jwt-issuer", "i"]);
    expect(refusal([], { env: { BATON_HOST: "::" } })).toMatch(/^BATON_HOST :: lets other machines in/);
    expect(refusal(["--config", "f"], { file: '{"host": "hub.example"}' })).toMatch(/^f: host hub\.example lets/);
    expect(refusal(["--host", "127.1"])).toMatch(/lets other machines in/);
  });

  const files: [file: string, line: RegExp][] = [
    ["{", /^the file of settings f cannot be read: .*JSON/],
    ["[]", /^the file of settings f must be a JSON object$/],
    ['{"prot": 1}', /^f: prot is no setting; they are host, port, .*, limit$/],
    ['{"port": "x"}', /^f: port must be an integer from 0 to 65535, not "x"$/],
    ['{"port": 1.5}', /^f: port must be an integer/],
    ['{"drain": 5000}', /^f: drain must be a duration/],
    ['{"insecure": "yes"}', /^f: insecure must be true or false, not "yes"$/],
    ['{"origins": [1]}', /^f: origins must be own/],
    ['{"limit": 5}', /^f: limit must be an object \{NAME: N\}, not 5$/],
    ['{"limit": {"x": 5}}', /^f: limit\.x is no limit/],
    ['{"limit": {"labelsMax": null}}', /^f: limit\.labelsMax must be an integer/],
  ];
  test.each(files)("the file %s is refused in one line", (file, line) => {
    expect(refusal(["--config", "f"], { file })).toMatch(line);
  });

  test("a file that is not there is named, with the reason", () => {
    expect(refusal(["--config", "gone.json"])).toMatch(/^the file of settings gone\.json cannot be read: ENOENT/);
  });
});

describe("what is printed instead of starting", () => {
  test("the configuration: every setting and limit, its value, and where it came from", () => {
    const lines = printed(["--print-config", "--port", "1", "--limit", "labelsMax=2"], {
      env: { BATON_DRAIN: "90s" },
    }).split("\n");
    const columns = lines.map((line) => line.split(/\s{2,}/));
    expect(columns).toContainEqual(["port", "1", "--port"]);
    expect(columns).toContainEqual(["drain", "90s", "BATON_DRAIN"]);
    expect(columns).toContainEqual(["origins", "own", "default"]);
    expect(columns).toContainEqual(["limit.labelsMax", "2", "--limit labelsMax"]);
    for (const name of Object.keys(defaultLimits)) expect(columns.map(([first]) => first)).toContain(`limit.${name}`);
    expect(lines).toHaveLength(Object.keys(defaultConfig).length - 1 + Object.keys(defaultLimits).length);
  });

  test("a wrong setting is refused even when it would only be printed", () => {
    expect(refusal(["--print-config", "--port", "x"])).toMatch(/^--port must be/);
  });

  test("the help: every flag with its default", () => {
    const help = printed(["--help"]);
    expect(help).toContain("--lock-delay <DURATION>");
    expect(help).toContain("(default: 127.0.0.1)");
    expect(help).toContain("BATON_GRACE_MAX");
  });

  test("the version, which the program knows", () => {
    expect(read(["--version"])).toEqual({ do: "version" });
  });
});
