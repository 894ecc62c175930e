// A whole terminal for one command: an alternate screen and keys one by one, and all as it was before, however the process
// ends. Knows nothing of what is shown.
import { constants } from "node:os";

const enter = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const leave = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const [bold, plain] = ["\u001b[1m", "\u001b[0m"];

/** What the one who draws hears. */
export type ScreenListener = { pressed(key: string): void; resized(): void };

/** The terminal of this process, taken until it is disposed of. */
export class TopScreen implements Disposable {
  readonly #listener: ScreenListener;
  readonly #restore = (): void => void process.stdout.write(leave);
  readonly #typed = (text: string): void => {
    for (const key of keysOf(text)) this.#listener.pressed(key);
  };
  readonly #resized = (): void => this.#listener.resized();
  // A process that a signal ends by itself leaves no time to restore anything.
  readonly #ended = (signal: NodeJS.Signals): void => process.exit(128 + constants.signals[signal]);

  constructor(listener: ScreenListener) {
    this.#listener = listener;
    process.once("exit", this.#restore);
    process.on("SIGTERM", this.#ended);
    process.on("SIGHUP", this.#ended);
    process.stdout.write(enter);
    process.stdout.on("resize", this.#resized);
    if (process.stdin.isTTY) process.stdin.setRawMode(true);
    process.stdin.setEncoding("utf8").on("data", this.#typed);
  }

  get columns(): number {
    return process.stdout.columns || 80;
  }

  get rows(): number {
    return process.stdout.rows || 24;
  }

  /** Draws these lines over what was there; those of the given places stand out. */
  draw(lines: readonly string[], standingOut: ReadonlySet<number>): void {
    // Cleared first: behind a line that is full, the cursor still stands on its last letter.
    const text = lines.map((line, place) => `\u001b[K${standingOut.has(place) ? bold + line + plain : line}`);
    const rest = lines.length < this.rows ? "\r\n\u001b[J" : "";
    process.stdout.write(`\u001b[H${text.join("\r\n")}${rest}`);
  }

  [Symbol.dispose](): void {
    process.stdin.off("data", this.#typed);
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdout.off("resize", this.#resized);
    process.off("SIGTERM", this.#ended);
    process.off("SIGHUP", this.#ended);
    process.off("exit", this.#restore);
    this.#restore();
  }
}

/** The keys in what a terminal has sent at once: letters, and what an escape begins. */
export function keysOf(text: string): string[] {
  // oxlint-disable-next-line no-control-regex -- a key of a terminal may begin with one
  return text.match(/\u001b\[[0-9;]*[A-Za-z~]|[\s\S]/gu) ?? [];
}
