// A disk whose power is cut: of what was written since the last sync, as much is there as the disk pleased. A file's name is
// there when its folder was synced. Knows calls to the system; nothing of what is written.
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Call } from "./system-trace.ts";

type Write = { at: number; bytes: Buffer } | { length: number };
type File = { synced: Buffer; writes: Write[] };

const sectorBytes = 512;

/** A disk as a trace has left it so far. */
export class Disk {
  /** What the system shows, and what is sure to be there after a cut. */
  readonly #names = new Map<string, File>();
  readonly #sure = new Map<string, File>();

  /** Takes in the next call. */
  follow(call: Call): void {
    switch (call.is) {
      case "opened": {
        const file = this.#names.get(call.path);
        if (file === undefined) this.#names.set(call.path, { synced: Buffer.alloc(0), writes: [] });
        else if (call.isEmptied) file.writes.push({ length: 0 });
        return;
      }
      case "written":
        this.#names.get(call.path)?.writes.push({ at: call.at, bytes: call.bytes });
        return;
      case "cut":
        this.#names.get(call.path)?.writes.push({ length: call.length });
        return;
      case "synced":
        return this.#sync(call.path);
      case "renamed": {
        const file = this.#names.get(call.from);
        if (file !== undefined) this.#names.set(call.to, file);
        this.#names.delete(call.from);
        return;
      }
      case "removed":
        this.#names.delete(call.path);
        return;
      default:
        return;
    }
  }

  /**
   * Writes into a folder what is left of another one after a cut.
   * @param isKept asked for each sector, and each name, that was not synced: whether it is there all the same
   */
  leave(from: string, to: string, isKept: () => boolean): void {
    mkdirSync(to, { recursive: true });
    for (const path of new Set([...this.#sure.keys(), ...this.#names.keys()])) {
      const [sure, shown] = [this.#sure.get(path), this.#names.get(path)];
      const file = sure === shown || !isKept() ? sure : shown;
      if (dirname(path) === from && file !== undefined) writeFileSync(join(to, basename(path)), rest(file, isKept));
    }
  }

  #sync(path: string): void {
    const file = this.#names.get(path);
    if (file !== undefined) {
      file.synced = rest(file, () => true);
      file.writes = [];
      return;
    }
    for (const known of new Set([...this.#sure.keys(), ...this.#names.keys()])) {
      if (dirname(known) !== path) continue;
      const shown = this.#names.get(known);
      if (shown === undefined) this.#sure.delete(known);
      else this.#sure.set(known, shown);
    }
  }
}

/** A file with those of its writes, sector by sector, that are kept. */
function rest({ synced, writes }: File, isKept: () => boolean): Buffer {
  const ends = writes.map((write) => ("length" in write ? write.length : write.at + write.bytes.length));
  const bytes = Buffer.alloc(Math.max(synced.length, ...ends));
  synced.copy(bytes);
  let { length } = synced;
  for (const write of writes) {
    if ("length" in write) {
      if (!isKept()) continue;
      bytes.fill(0, write.length);
      ({ length } = write);
      continue;
    }
    for (let start = 0; start < write.bytes.length;) {
      const at = write.at + start;
      const end = Math.min(write.bytes.length, start + sectorBytes - (at % sectorBytes));
      if (isKept()) length = Math.max(length, at + write.bytes.copy(bytes, at, start, end));
      start = end;
    }
  }
  return bytes.subarray(0, length);
}
