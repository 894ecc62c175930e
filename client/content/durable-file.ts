// Small files that are whole or not there, also after a crash and for other machines. Knows nothing of what is in them.
import { link, mkdir, open, opendir, readFile, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "./content-error.ts";

/** Makes a folder and those above it; where nothing can be made, `mkdir` with `recursive` would try for ever. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeOne(folder);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await makeOne(folder);
  }
}

async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (codeOf(error) !== "EEXIST" || !(await stat(folder)).isDirectory()) throw error;
  }
}

/** Makes what was renamed, linked or removed in a folder survive a crash. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems cannot do it for a folder, and keep its order by themselves.
    const code = codeOf(error);
    if (code !== "EINVAL" && code !== "ENOTSUP" && code !== "EOPNOTSUPP" && code !== "EBADF") throw error;
  } finally {
    await handle.close();
  }
}

/** Has a network file system look at a folder anew: it remembers names for a while, and those that were not there too. */
export async function refreshFolder(folder: string): Promise<void> {
  try {
    await (await opendir(folder)).close();
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** Whether an error says that a file is not there, or not any more what a network file system knew by its name. */
export function isGone(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ESTALE";
}

/** The text of a file; undefined when it is gone. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The names in a folder; none when it is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/**
 * Puts a text into a file, over what was there: by way of `temporary`, a path of our own on the same file system. Asks
 * `mayStill` when all is written but the name: if it says no, nothing has changed, and false is the answer.
 */
export async function replaceFile(
  path: string,
  text: string,
  temporary: string,
  mayStill: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<boolean> {
  await writeWhole(temporary, text);
  if (!(await mayStill())) {
    await unlink(temporary);
    return false;
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
  return true;
}

/**
 * Puts a text into a file that must not be there yet; whoever comes second changes nothing and is told `false`.
 * By a hard link, which is never seen half written; where there are none, by exclusive creation.
 */
export async function createFile(path: string, text: string, temporary: string): Promise<boolean> {
  await writeWhole(temporary, text);
  try {
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    return await createExclusively(path, text);
  } finally {
    await unlink(temporary);
  }
  await syncFolder(dirname(path));
  return true;
}

async function createExclusively(path: string, text: string): Promise<boolean> {
  try {
    await writeWhole(path, text, "wx");
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

async function writeWhole(path: string, text: string, flags = "w"): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
