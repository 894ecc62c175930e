// Who may import whom: the rooms of the house and the doors between them. Knows no file's content.
import { posix } from "node:path";
import type { Import, Source } from "./source.ts";

/**
 * What the files under `at` may import: folders (`shared/`), files, packages (with what lies below), and `node:`.
 * The first room that fits a file is its room.
 */
type Room = {
  readonly at: string;
  readonly may: readonly string[];
  /** What they may import besides, as long as nothing of it is left at run time. */
  readonly types?: readonly string[];
  /** What they may not import at run time, though `may` would let them. */
  readonly never?: readonly string[];
};

const serverPackages = [
  "@hono/node-server",
  "commander",
  "hono",
  "jose",
  "nanoid",
  "pino",
  "pino-pretty",
  "prom-client",
  "zod",
];
const server = ["server/", "shared/", "node:", ...serverPackages];

const rooms: readonly Room[] = [
  { at: "shared/", may: ["shared/", "zod"] },
  // The core decides, of commands and a time that it is given, and of nothing else.
  {
    at: "server/core/",
    may: ["server/core/", "shared/errors.ts", "shared/limits.ts", "shared/text.ts"],
    types: ["shared/"],
  },
  { at: "server/engine/etcd_pb.ts", may: ["@bufbuild/protobuf"] },
  { at: "server/engine/etcd-client.ts", may: ["server/engine/", "node:", "@connectrpc/"], types: ["server/"] },
  { at: "server/engine/", may: ["server/engine/", "server/core/", "shared/", "node:"], types: ["server/"] },
  // What hears no message, what knows no lock, and what cannot send: see the picture in CONTRIBUTING.md.
  { at: "server/socket.ts", may: [...server, "ws"], never: ["server/hub.ts", "server/engine/", "server/core/"] },
  {
    at: "server/session.ts",
    may: ["server/", "shared/"],
    never: ["server/hub.ts", "server/socket.ts", "server/http.ts", "server/engine/", "server/core/"],
  },
  { at: "server/hub.ts", may: server, never: ["server/socket.ts", "server/http.ts", "server/core/"] },
  // A route knows what is asked and what it answers, not how that comes and goes.
  {
    at: "server/http/",
    may: ["server/http/", "server/access.ts", "server/core/", "shared/", "zod"],
    types: ["server/hub.ts"],
  },
  { at: "server/main.ts", may: ["server/program.ts", "shared/node-version.ts"] },
  { at: "server/program.ts", may: server, never: ["server/main.ts"] },
  { at: "server/", may: server, never: ["server/main.ts", "server/program.ts", "server/start.ts"] },
  { at: "client/testing/", may: ["client/", "server/", "shared/", "node:"] },
  // The command line is a client like any other: it goes in by the public doors.
  {
    at: "client/cli/",
    may: ["client/cli/", "client/index.ts", "client/content/index.ts", "shared/", "node:", "commander", "ws"],
  },
  // So is the page.
  {
    at: "client/dashboard/",
    may: ["client/dashboard/", "client/index.ts", "shared/", "preact", "@preact/signals", "uplot"],
  },
  {
    at: "client/content/",
    may: ["client/content/", "client/index.ts", "client/refcount/index.ts", "shared/", "node:", "zod"],
  },
  { at: "client/fence.ts", may: ["client/", "shared/", "node:"] },
  { at: "client/fence/", may: ["client/", "shared/", "node:"] },
  { at: "client/refcount/file.ts", may: ["client/", "shared/", "node:"] },
  { at: "client/refcount/lock-file.ts", may: ["client/", "shared/", "node:"] },
  // The rest of the SDK also runs in a browser.
  {
    at: "client/",
    may: ["client/", "shared/"],
    never: ["client/cli/", "client/content/", "client/dashboard/", "client/testing/"],
  },
];

/** The imports of a file that its room does not allow. */
export function forbiddenImports({ path, imports }: Source): readonly Import[] {
  const room = rooms.find(({ at }) => covers(at, path));
  if (room === undefined) return [];
  return imports.filter((entry) => {
    const to = target(path, entry);
    if (entry.kind === "type") return !anyCovers([...room.may, ...(room.types ?? [])], to);
    return !anyCovers(room.may, to) || anyCovers(room.never ?? [], to);
  });
}

/** The files that need each other at run time in a circle, each circle once, as `a → b → a`. */
export function importCircles(sources: readonly Source[]): readonly string[] {
  const imported = new Map(
    sources.map(({ path, imports }) => {
      const values = imports.filter(({ kind }) => kind === "value");
      return [path, values.map((entry) => target(path, entry))];
    }),
  );
  const circles = new Map<string, string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      const circle = trail.slice(trail.indexOf(path));
      circles.set(circle.toSorted().join(), [...circle, path].join(" → "));
    } else if (!done.has(path)) {
      for (const next of imported.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    }
  };
  for (const path of imported.keys()) visit(path, []);
  return [...circles.values()];
}

/** Where an import leads: a path from the root of the house, or the name of a package as it stands. */
function target(path: string, { from }: Import): string {
  return from.startsWith(".") ? posix.join(posix.dirname(path), from) : from;
}

function anyCovers(places: readonly string[], to: string): boolean {
  return places.some((place) => covers(place, to));
}

function covers(place: string, to: string): boolean {
  return to === place || to.startsWith(/[/:]$/.test(place) ? place : `${place}/`);
}
