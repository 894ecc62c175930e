// The dashboard as files: read once, named by what is in them, and never asked from anywhere else. Knows no resource.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context, Hono } from "hono";

/** Where the build puts the page: beside the sources, or beside what is published. */
const places = ["../dist/dashboard/", "../dashboard/"].map((place) => fileURLToPath(new URL(place, import.meta.url)));

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Nothing but the hub's own files, and sockets to the hub itself; no script or style in the page. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const hint = "The dashboard of this hub is not built: npm run build makes it.\n";

/** Adds the dashboard to the routes of a hub. Its files are public: what they show is asked for with the reader's token. */
export function addPages(api: Hono): void {
  const folder = places.find((place) => existsSync(`${place}index.html`));
  if (folder === undefined) {
    api.get("/", (context) => context.text(hint));
    return;
  }
  api.get("/", (context) => {
    context.header("Content-Security-Policy", policy);
    context.header("Referrer-Policy", "no-referrer");
    return file(context, `${folder}index.html`, "no-cache");
  });
  // Their names change with what is in them.
  for (const name of readdirSync(`${folder}assets`)) {
    api.get(`/assets/${name}`, (context) =>
      file(context, `${folder}assets/${name}`, "public, max-age=31536000, immutable"),
    );
  }
}

const read = new Map<string, Uint8Array<ArrayBuffer>>();

function file(context: Context, path: string, keeping: string): Response {
  let bytes = read.get(path);
  if (bytes === undefined) {
    bytes = Uint8Array.from(readFileSync(path));
    read.set(path, bytes);
  }
  context.header("Content-Type", contentTypes[extname(path)] ?? "application/octet-stream");
  context.header("Cache-Control", keeping);
  return context.body(bytes);
}
