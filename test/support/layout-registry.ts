// A small registry that serves one image out of its OCI layout, for machines without Debian's. Reads only; usable without
// vitest.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import type { Image } from "./image.ts";

/** A registry that answers on the loopback by plain HTTP, under any repository name. */
export type LayoutRegistry = { readonly host: string; readonly port: number; stop(): Promise<void> };

const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** Serves an image, by its tag or digest. */
export async function startLayoutRegistry(image: Image): Promise<LayoutRegistry> {
  const server = createServer((request, response) => serve(image, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the registry has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    port: address.port,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(image: Image, request: IncomingMessage, response: ServerResponse): void {
  const [, kind, reference] = /\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? "") ?? [];
  if (kind === undefined || reference === undefined) return void response.writeHead(200).end();
  const digest = reference.startsWith("sha256:") ? reference : image.manifest.digest;
  const file = join(image.layout, "blobs", "sha256", digest.slice("sha256:".length));
  if (!/^sha256:[0-9a-f]{64}$/.test(digest) || !existsSync(file)) return void response.writeHead(404).end();
  const { size } = statSync(file);
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (start >= size) return void response.writeHead(416, { "Content-Range": `bytes */${size}` }).end();
  response.writeHead(start > 0 ? 206 : 200, {
    "Content-Type": kind === "manifests" ? manifestType : "application/octet-stream",
    "Content-Length": size - start,
    "Docker-Content-Digest": digest,
    "Accept-Ranges": "bytes",
    ...(start > 0 && { "Content-Range": `bytes ${start}-${size - 1}/${size}` }),
  });
  if (request.method === "HEAD") return void response.end();
  createReadStream(file, { start }).pipe(response);
}
