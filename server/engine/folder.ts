// The folder of a journal as the system keeps it: made so that it outlives a crash of the machine. Knows no file in it.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Makes a folder, and those above it, unless they are there; once it returns they survive a crash of the machine. */
export function makeFolder(folder: string): void {
  const path = resolve(folder);
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    // Not `recursive`, for that never ends where the system lets nobody make one, as in /proc.
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
  syncFolder(dirname(path));
}

/** Makes the names in a folder survive a crash of the machine. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
