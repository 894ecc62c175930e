// A small registry inside the process that misbehaves when told: drops half way, sends wrong bytes, knows no ranges,
// asks to wait, wants a token, sends elsewhere. Usable without vitest.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { digestOf } from "./image.ts";

/** What one answer to a GET of content does instead of what it should, and until when it waits before. */
export type Fault = FaultKind & { readonly until?: Promise<unknown> };

type FaultKind =
  /** Closes the connection after that many bytes of the body. */
  | { readonly kind: "drop"; readonly afterBytes: number }
  /** Sends as many bytes as it should, of which the last is another. */
  | { readonly kind: "wrong" }
  /** Sends that many bytes too few and says so. */
  | { readonly kind: "short"; readonly missingBytes: number }
  /** Sends bytes on and on. */
  | { readonly kind: "long" }
  /** Answers nothing at all. */
  | { readonly kind: "silent" }
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    };

/** A request, as it came in. */
export type FaultRequest = {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
};

/** How requests are let in. */
export type Door =
  | { readonly kind: "open" }
  | { readonly kind: "basic"; readonly basic: string }
  /** Wants a token from `/token`; each is good for that many requests. */
  | { readonly kind: "token"; readonly basic?: string; readonly uses: number };

type Served = { readonly bytes: Buffer; readonly mediaType: string };

/** A registry with one repository, `app`. */
export class FaultRegistry {
  /** `127.0.0.1:<port>`; it speaks plain HTTP. */
  readonly host: string;
  readonly requests: FaultRequest[] = [];
  /** The faults of the next GETs of content, in order; a digest's own go first. */
  readonly faults: Fault[] = [];
  readonly faultsOf = new Map<string, Fault[]>();
  ranges = true;
  /** Whether HEAD tells the digest. */
  headTells = true;
  door: Door = { kind: "open" };
  /** Where blobs are to be had instead: another registry's host. */
  blobsElsewhere: string | undefined;
  readonly #server: Server;
  readonly #content = new Map<string, Served>();
  #token = 0;
  #tokenUses = 0;

  private constructor(server: Server, host: string) {
    this.#server = server;
    this.host = host;
  }

  static async start(): Promise<FaultRegistry> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the registry has no port");
    const registry = new FaultRegistry(server, `127.0.0.1:${address.port}`);
    server.on("request", (request, response) => registry.#answer(request, response));
    return registry;
  }

  /** Serves bytes by their digest, and a manifest by its tag too. */
  put(bytes: Buffer, mediaType = "application/octet-stream", tag?: string): { digest: string; size: number } {
    const digest = digestOf(bytes);
    this.#content.set(digest, { bytes, mediaType });
    if (tag !== undefined) this.#content.set(tag, { bytes, mediaType });
    return { digest, size: bytes.length };
  }

  /** Serves an image of such layers under `app:<tag>`. */
  putImage(layers: readonly Buffer[], tag: string, architecture = "amd64"): { digest: string; size: number } {
    const config = this.put(Buffer.from(JSON.stringify({ os: "linux", architecture, rootfs: {} })));
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: layers.map((bytes) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", ...this.put(bytes) })),
    };
    return this.put(Buffer.from(JSON.stringify(manifest)), manifest.mediaType, tag);
  }

  /** GETs of the content of a digest. */
  downloadsOf(digest: string): FaultRequest[] {
    return this.requests.filter(({ method, path }) => method === "GET" && path.endsWith(digest));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", url: path = "" } = request;
    const { range, authorization } = request.headers;
    this.requests.push({ method, path, range, authorization });
    if (path.startsWith("/token")) return this.#giveToken(authorization, response);
    if (!this.#letsIn(authorization, response)) return;
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (this.blobsElsewhere !== undefined && path.includes("/blobs/")) {
      response.writeHead(307, { location: `http://${this.blobsElsewhere}${path}` }).end();
      return;
    }
    const served = this.#content.get(name);
    if (served === undefined) {
      response.writeHead(404).end(JSON.stringify({ errors: [{ code: "UNKNOWN", message: "not known here" }] }));
      return;
    }
    if (method === "HEAD") return this.#answerHead(served, response);
    const fault = this.faultsOf.get(name)?.shift() ?? this.faults.shift();
    void this.#sendLater(served, this.ranges ? startOf(range) : 0, fault, response);
  }

  #answerHead({ bytes, mediaType }: Served, response: ServerResponse): void {
    const digest = this.headTells ? { "docker-content-digest": digestOf(bytes) } : {};
    response.writeHead(200, { "content-type": mediaType, "content-length": bytes.length, ...digest }).end();
  }

  async #sendLater(served: Served, from: number, fault: Fault | undefined, response: ServerResponse): Promise<void> {
    await fault?.until;
    this.#send(served, from, fault, response);
  }

  #send({ bytes, mediaType }: Served, from: number, fault: Fault | undefined, response: ServerResponse): void {
    if (fault?.kind === "silent") return;
    if (fault?.kind === "status") {
      response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? "");
      return;
    }
    if (from > 0 && from >= bytes.length) {
      response.writeHead(416).end();
      return;
    }
    const body = fault?.kind === "wrong" ? spoilt(bytes).subarray(from) : bytes.subarray(from);
    const missing = fault?.kind === "short" ? fault.missingBytes : 0;
    const headers: Record<string, string | number> = { "content-type": mediaType };
    if (fault?.kind !== "long") headers["content-length"] = body.length - missing;
    if (from > 0) headers["content-range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(from > 0 ? 206 : 200, headers);
    if (fault?.kind === "drop") {
      response.write(body.subarray(0, fault.afterBytes), () => response.destroy());
    } else if (fault?.kind === "long") {
      response.end(Buffer.concat([body, body]));
    } else {
      response.end(body.subarray(0, body.length - missing));
    }
  }

  #letsIn(authorization: string | undefined, response: ServerResponse): boolean {
    const { door } = this;
    if (door.kind === "open") return true;
    if (door.kind === "basic") {
      if (authorization === `Basic ${door.basic}`) return true;
      response.writeHead(401, { "www-authenticate": 'Basic realm="here"' }).end();
      return false;
    }
    if (authorization === `Bearer token-${this.#token}` && this.#tokenUses < door.uses) {
      this.#tokenUses += 1;
      return true;
    }
    const challenge = `Bearer realm="http://${this.host}/token",service="faults",scope="repository:app:pull"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return false;
  }

  #giveToken(authorization: string | undefined, response: ServerResponse): void {
    const { door } = this;
    if (door.kind === "token" && door.basic !== undefined && authorization !== `Basic ${door.basic}`) {
      response.writeHead(401).end(JSON.stringify({ details: "incorrect username or password" }));
      return;
    }
    this.#token += 1;
    this.#tokenUses = 0;
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ token: `token-${this.#token}` }));
  }
}

function startOf(range: string | undefined): number {
  return Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
}

function spoilt(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 0xff, copy.length - 1);
  return copy;
}
