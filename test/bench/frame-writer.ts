// What one load socket has to say, written as masked frames into one buffer that one write takes. Knows no socket.
import { maskByte, type PreparedMessage } from "./prepared-message.ts";

/** `single`: a frame for each message; `joined`: what is said at one moment in one frame, as the protocol allows. */
export type Framing = "single" | "joined";

const textFrame = 0x81;
const maskBit = 0x80;
/** The longest header that is written here: 4 bytes of length and 4 of mask; frames stay under 64 KiB. */
const headerBytesMax = 8;
const maskedCode = (character: string) => character.charCodeAt(0) ^ maskByte;
const openBracket = maskedCode("[");
const closeBracket = maskedCode("]");
const comma = maskedCode(",");

/** Gathers messages until `take` gives the bytes to write. */
export class FrameWriter {
  /** Messages added since the last take. */
  messages = 0;
  readonly #framing: Framing;
  #buffer = Buffer.allocUnsafe(512);
  #end = 0;

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  /** Adds a message with its number. */
  add(message: PreparedMessage, value: number): void {
    const digits = digitsOf(value);
    const length = message.before.length + digits + message.after.length;
    this.#reserve(length);
    if (this.#framing === "single") this.#end = this.#putHeader(this.#end, length);
    else if (this.messages > 0) this.#buffer[this.#end++] = comma;
    else this.#end = headerBytesMax + 1;
    this.#end += message.before.copy(this.#buffer, this.#end);
    this.#putNumber(value, digits);
    this.#end += message.after.copy(this.#buffer, this.#end);
    this.messages += 1;
  }

  /** The bytes of all that was added since the last take; undefined when that is nothing. Good until the next add. */
  take(): Buffer | undefined {
    if (this.messages === 0) return undefined;
    const start = this.#framing === "single" ? 0 : this.#close();
    const bytes = this.#buffer.subarray(start, this.#end);
    this.#end = 0;
    this.messages = 0;
    return bytes;
  }

  /** Takes a new buffer, since the bytes of the last take are still on their way out. */
  surrender(): void {
    this.#buffer = Buffer.allocUnsafe(this.#buffer.length);
  }

  #reserve(bytes: number): void {
    const needed = this.#end + headerBytesMax + bytes + 2;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(needed * 2);
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }

  #putNumber(value: number, digits: number): void {
    let rest = value;
    for (let place = this.#end + digits - 1; place >= this.#end; place--) {
      const above = Math.floor(rest / 10);
      this.#buffer[place] = (0x30 + rest - above * 10) ^ maskByte;
      rest = above;
    }
    this.#end += digits;
  }

  /** Sets the header right before the joined messages, brackets around them if they are several; answers with its place. */
  #close(): number {
    let payload = headerBytesMax + 1;
    if (this.messages > 1) {
      payload -= 1;
      this.#buffer[payload] = openBracket;
      this.#buffer[this.#end++] = closeBracket;
    }
    const length = this.#end - payload;
    const start = payload - headerBytes(length);
    this.#putHeader(start, length);
    return start;
  }

  #putHeader(start: number, length: number): number {
    if (length > 0xffff) throw new Error("a frame of the load client stays under 64 KiB");
    const end = start + headerBytes(length);
    this.#buffer[start] = textFrame;
    this.#buffer[start + 1] = maskBit | Math.min(length, 126);
    if (length >= 126) this.#buffer.writeUInt16BE(length, start + 2);
    for (let place = end - 4; place < end; place++) this.#buffer[place] = maskByte;
    return end;
  }
}

function headerBytes(payloadBytes: number): number {
  return payloadBytes < 126 ? headerBytesMax - 2 : headerBytesMax;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; bound <= value; bound *= 10) digits += 1;
  return digits;
}
