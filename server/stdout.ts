// The stdout of the process, for a log: a reader that is slow or gone never holds up the hub. Knows no event.
import { write, writeSync } from "node:fs";

const stdoutFd = 1;
const waitingCharactersMax = 1_048_576;
const retryMs = 50;

/** Where the lines of a log go. */
export type Stdout = {
  /** Writes a line as soon as the reader takes it; past 1 MiB that waits, lines are dropped and counted. */
  write(line: string): void;
  /** Resolves when everything is written, or after so many milliseconds. */
  flush(withinMs: number): Promise<void>;
  /** Writes a line before anything else happens, for a process that is about to end. */
  writeNow(line: string): void;
};

/** Takes hold of the stdout of this process. */
export function openStdout(): Stdout {
  let waiting = "";
  let dropped = 0;
  let writing = false;
  const whenEmpty: (() => void)[] = [];

  const next = (): void => {
    const text = dropped === 0 ? waiting : `${waiting}${droppedLine(dropped)}`;
    waiting = "";
    dropped = 0;
    writing = text !== "";
    if (writing) writeWhole(Buffer.from(text), next);
    else whenEmpty.splice(0).forEach((resolve) => resolve());
  };

  return {
    write(line) {
      if (waiting.length + line.length > waitingCharactersMax) dropped += 1;
      else waiting += line;
      if (!writing) next();
    },
    flush(withinMs) {
      return new Promise((resolve) => {
        if (!writing) return resolve();
        whenEmpty.push(resolve);
        setTimeout(resolve, withinMs);
      });
    },
    writeNow(line) {
      try {
        writeSync(stdoutFd, line);
      } catch {
        // Nobody reads: there is nobody to tell either.
      }
    },
  };
}

/** Writes all of it, waiting while the reader is slow; what nobody will ever read is let go. */
function writeWhole(bytes: Buffer, done: () => void): void {
  write(stdoutFd, bytes, (error, written) => {
    if (error === null) {
      if (written < bytes.length) writeWhole(bytes.subarray(written), done);
      else done();
    } else if (error.code === "EAGAIN") setTimeout(writeWhole, retryMs, bytes, done).unref();
    else done();
  });
}

function droppedLine(dropped: number): string {
  const msg = "lines of the log were dropped: nobody read them in time";
  return `${JSON.stringify({ level: "warn", time: new Date().toISOString(), dropped, msg })}\n`;
}
