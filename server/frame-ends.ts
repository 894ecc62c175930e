// Where in its frames the stream of one WebSocket stands (RFC 6455, 5.2): `ws` does not say when a frame begins. Reads
// headers alone; knows no payload and no time.

const finalBit = 0x80;
const controlBit = 0x08;
const maskBit = 0x80;
const maskBytes = 4;

/** The frames of one stream, as far as it has come. */
export class FrameEnds {
  /** Messages that have come whole, in however many frames. */
  messages = 0;
  /** Bytes of the frame's header that have come, and how many it has as far as they tell. */
  #headerBytes = 0;
  #headerBytesMax = 2;
  /** Where the mask begins in the header. */
  #maskAt = 2;
  #payloadBytes = 0;
  #isControl = false;
  /** What the frame leaves behind: a message that goes on. */
  #isLast = true;
  #isOpen = false;

  /** Whether nothing has begun that has not ended. */
  get isWhole(): boolean {
    return !this.#isOpen && this.#headerBytes === 0;
  }

  /** Bytes have come. */
  take(bytes: Uint8Array): void {
    for (let place = 0; place < bytes.length;) {
      if (this.#headerBytes < this.#headerBytesMax) {
        this.#takeHeader(bytes[place] ?? 0);
        place += 1;
      } else {
        const taken = Math.min(this.#payloadBytes, bytes.length - place);
        this.#payloadBytes -= taken;
        place += taken;
      }
      if (this.#headerBytes === this.#headerBytesMax && this.#payloadBytes === 0) this.#end();
    }
  }

  #takeHeader(byte: number): void {
    if (this.#headerBytes === 0) {
      this.#isControl = (byte & controlBit) !== 0;
      this.#isLast = (byte & finalBit) !== 0;
    } else if (this.#headerBytes === 1) {
      const short = byte & 0x7f;
      this.#payloadBytes = short < 126 ? short : 0;
      this.#maskAt = short < 126 ? 2 : short === 126 ? 4 : 10;
      this.#headerBytesMax = this.#maskAt + ((byte & maskBit) === 0 ? 0 : maskBytes);
    } else if (this.#headerBytes < this.#maskAt) {
      this.#payloadBytes = this.#payloadBytes * 256 + byte;
    }
    this.#headerBytes += 1;
  }

  #end(): void {
    this.#headerBytes = 0;
    this.#headerBytesMax = 2;
    if (this.#isControl) return;
    this.#isOpen = !this.#isLast;
    if (this.#isLast) this.messages += 1;
  }
}
