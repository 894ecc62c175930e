// What a hub has to append to a journal in etcd: commands become entries, one after the other, and what comes meanwhile goes into
// the next one. While too many of its entries are not back it appends no more, so that nobody asks for more than he can fold.
// Knows no key, no revision and no etcd.
import type { Clock } from "../clock.ts";
import type { Command } from "../core/command.ts";

type IntakeParts = {
  readonly clock: Clock;
  /** The number of the hub's last entry that is in the table. */
  readonly heard: number;
  /** Appends an entry of that number with these commands, each as JSON; resolves when it is there. */
  readonly append: (number: number, commands: readonly string[]) => Promise<void>;
  /** Told once that an entry could not be appended; nothing more is, after that. */
  readonly onFailure: (error: unknown) => void;
};

const entryCharactersMax = 512 * 1024;
/** So many entries are appended before the first of them has come back. */
export const unheardMax = 4;

/** What one hub appends. */
export class EtcdIntake {
  readonly #parts: IntakeParts;
  #queue: string[] = [];
  /** Whether an entry is to be appended even if there is nothing to say. */
  #isDue = false;
  #isSending = false;
  #isStopped = false;
  #sent: number;
  #heard: number;
  #movedMs: number;
  #whenHeard: (() => void)[] = [];

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#sent = parts.heard;
    this.#heard = parts.heard;
    this.#movedMs = parts.clock.nowMs();
  }

  /** How many entries have been appended, or are being, that have not come back. */
  get unheard(): number {
    return this.#sent - this.#heard;
  }

  /** Whether an entry is on its way. */
  get isSending(): boolean {
    return this.#isSending;
  }

  /** For how many milliseconds nothing was appended and nothing has come back. */
  stillMs(): number {
    return this.#parts.clock.nowMs() - this.#movedMs;
  }

  /** Has commands appended. */
  add(commands: readonly Command[]): void {
    for (const command of commands) this.#queue.push(JSON.stringify(command));
    if (this.#queue.length > 0) void this.#send();
  }

  /** Has an entry appended, and be it an empty one. */
  beat(): void {
    this.#isDue = true;
    void this.#send();
  }

  /** All entries up to that number have come back. */
  hear(number: number): void {
    if (number > this.#heard) this.#move();
    this.#heard = Math.max(this.#heard, number);
    if (this.#isAllHeard) for (const callback of this.#whenHeard.splice(0)) callback();
    void this.#send();
  }

  /** Calls back when all that was added has come back; at once when it has. */
  whenHeard(callback: () => void): void {
    if (this.#isAllHeard) callback();
    else this.#whenHeard.push(callback);
  }

  /** Appends nothing more. */
  stop(): void {
    this.#isStopped = true;
  }

  get #isAllHeard(): boolean {
    return this.#queue.length === 0 && this.unheard === 0;
  }

  get #maySend(): boolean {
    return !this.#isStopped && (this.#queue.length > 0 || this.#isDue) && this.unheard < unheardMax;
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#maySend) {
        this.#isDue = false;
        if (this.unheard === 0) this.#move();
        this.#sent += 1;
        await this.#parts.append(this.#sent, this.#takeQueued());
        this.#move();
      }
    } catch (error) {
      this.stop();
      this.#parts.onFailure(error);
    }
    this.#isSending = false;
  }

  #takeQueued(): string[] {
    let characters = 0;
    const end = this.#queue.findIndex((text) => (characters += text.length) > entryCharactersMax);
    return this.#queue.splice(0, end === -1 ? this.#queue.length : Math.max(1, end));
  }

  #move(): void {
    this.#movedMs = this.#parts.clock.nowMs();
  }
}
