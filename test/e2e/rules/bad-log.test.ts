// What hostile names and requests do to the hub's log: each line is one line of JSON, short, and safe on a terminal.
import { expect, it } from "vitest";
import { printable } from "../../../shared/wording.ts";
import { startHubProcess } from "../../support/hub.ts";
import { connectWire } from "../../support/wire.ts";
import { allAnswers, openRaw, statusOf, upgradeHeaders } from "./raw-socket.ts";

const lineBytesMax = 512;
const hostile = [
  "\u202e",
  "\u2028",
  "\u2066",
  "\u200b",
  "\ufeff",
  "<img src=x onerror=alert(1)>",
  "%s %j %o",
  "'; drop table",
  "${jndi:ldap://x}",
];
it("[B2] lines stay short, on one line and free of control characters, whatever the names and requests are", async () => {
  const hub = await startHubProcess({ args: ["--log-level", "debug", "--limit", "headersMsMax=200"] });
  const host = new URL(hub.url).host;
  const get = "GET /v1/socket HTTP/1.1";
  for (const evil of ["\u009b2J", "x".repeat(8_000), "\u00e4\u0085", 'a"b\\c', "token=s3cr3t"]) {
    for (const header of ["Host", "Origin", "Sec-WebSocket-Protocol", "User-Agent", "Authorization"]) {
      const value = header === "Authorization" ? `Bearer s3cr3t${evil}` : evil;
      await allAnswers(
        hub.url,
        [get, ...upgradeHeaders(host, { [header]: value, "Sec-WebSocket-Key": "x" }), "", ""].join("\r\n"),
      );
    }
    await allAnswers(
      hub.url,
      `GET /${encodeURIComponent(evil)}?token=s3cr3t HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
  }
  for (const evil of hostile) {
    const wire = await connectWire(hub.url);
    await wire.hello(`${evil}node`, { client: evil, labels: { [evil]: evil } });
    await wire.granted(`${evil}held`);
    const reason = `${evil} because`;
    await fetch(`${hub.httpUrl}/v1/resource/release?name=${encodeURIComponent(`${evil}held`)}`, {
      method: "POST",
      body: JSON.stringify({ reason }),
    });
    await wire.next("lost");
    const raw = await openRaw(hub.url);
    raw.write(Buffer.from([0xff, 0xff, 0xff]));
    await raw.closeCode();
    await wire.close();
  }
  expect(await statusOf(hub.url, "GET /healthz HTTP/1.1", [`Host: ${host}`])).toBe(200);
  await hub.stop();
  expect(hub.errors()).toBe("");
  const lines = hub.log();
  expect(lines.filter((line) => line.includes("an upgrade was refused")).length).toBeGreaterThan(5);
  expect(lines.filter((line) => line.includes("an admin has acted")).length).toBe(hostile.length);
  for (const line of lines) {
    expect(JSON.parse(line)).toHaveProperty("msg");
    expect(printable(line)).toBe(line);
    expect(line).not.toContain("s3cr3t");
    expect(Buffer.byteLength(line), line).toBeLessThanOrEqual(lineBytesMax);
  }
});
