// The frames that the load client writes, read back byte by byte.
import { describe, expect, it } from "vitest";
import { FrameWriter, type Framing } from "./frame-writer.ts";
import { prepare, prepareText } from "./prepared-message.ts";

const acquire = prepare({ type: "acquire", id: 0, resource: "layer-7" });

describe("FrameWriter", () => {
  it("has nothing to take when nothing was added", () => {
    expect(new FrameWriter("joined").take()).toBeUndefined();
  });

  it.each<Framing>(["single", "joined"])("writes one message as one masked frame, %s", (framing) => {
    const writer = new FrameWriter(framing);
    writer.add(acquire, 1_234_567);
    expect(textsOf(writer.take()!)).toEqual(['{"type":"acquire","id":1234567,"resource":"layer-7"}']);
    expect(writer.take()).toBeUndefined();
  });

  it("gives each message a frame of its own when framing is single", () => {
    const writer = new FrameWriter("single");
    for (const id of [9, 10, 99, 100]) writer.add(acquire, id);
    expect(textsOf(writer.take()!).map((text) => JSON.parse(text).id)).toEqual([9, 10, 99, 100]);
  });

  it("writes all messages of a moment into one array when framing is joined", () => {
    const writer = new FrameWriter("joined");
    for (let id = 1; id <= 32; id++) writer.add(acquire, id);
    const texts = textsOf(writer.take()!);
    expect(texts).toHaveLength(1);
    expect(JSON.parse(texts[0]!)).toEqual(
      Array.from({ length: 32 }, (_, place) => ({ type: "acquire", id: place + 1, resource: "layer-7" })),
    );
  });

  it.each([124, 125, 126, 127, 600])("writes the length of a payload of %i bytes", (length) => {
    for (const framing of ["single", "joined"] as const) {
      const writer = new FrameWriter(framing);
      writer.add(prepareText(`${"x".repeat(length - 1)}#`), 7);
      expect(textsOf(writer.take()!)).toEqual([`${"x".repeat(length - 1)}7`]);
    }
  });

  it("refuses a frame of more than 64 KiB", () => {
    const writer = new FrameWriter("single");
    expect(() => writer.add(prepareText(`${"x".repeat(65_536)}#`), 1)).toThrow("64 KiB");
  });
});

/** The payloads of masked text frames, by RFC 6455, 5.2. */
function textsOf(bytes: Buffer): string[] {
  const texts: string[] = [];
  let place = 0;
  while (place < bytes.length) {
    expect(bytes[place]).toBe(0x81);
    expect(bytes[place + 1]! & 0x80).toBe(0x80);
    const short = bytes[place + 1]! & 0x7f;
    const length = short < 126 ? short : bytes.readUInt16BE(place + 2);
    const mask = place + (short < 126 ? 2 : 4);
    const payload = bytes.subarray(mask + 4, mask + 4 + length);
    texts.push(Buffer.from(payload.map((byte, offset) => byte ^ bytes[mask + (offset % 4)]!)).toString());
    place = mask + 4 + length;
  }
  expect(place).toBe(bytes.length);
  return texts;
}
