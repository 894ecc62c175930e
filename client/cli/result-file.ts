// The file that BATON_RESULT names: where the command that `baton run` runs may leave a result for those who skip.
// Knows no hub.
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultLimits } from "../../shared/limits.ts";
import type { Json } from "../../shared/protocol.ts";
import { fitsBytes, nestsWithin } from "../../shared/text.ts";

// White space aside, what the hub takes is smaller by far; a file beyond this is a mistake and not worth the memory.
const fileBytesMax = 1024 * 1024;

/** What the command left: a result, nothing, or what is wrong with it in words. */
export type Left = { result?: Json } | { fault: string };

/** A file that is not there yet, in a folder that no other user can read. */
export type ResultFile = Disposable & { path: string; read(): Left };

/** Makes the folder for one run of one command. */
export function resultFile(): ResultFile {
  const folder = mkdtempSync(join(tmpdir(), "baton-"));
  const path = join(folder, "result.json");
  return {
    path,
    read: () => leftIn(path),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function leftIn(path: string): Left {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return {};
  if (!stats.isFile()) return { fault: "is no longer a plain file" };
  if (stats.size > fileBytesMax) return { fault: `has more than ${fileBytesMax} bytes` };
  try {
    const text = readFileSync(path, "utf8");
    return text.trim() === "" ? {} : accepted(JSON.parse(text));
  } catch (error) {
    return { fault: error instanceof SyntaxError ? `is no JSON: ${error.message}` : String(error) };
  }
}

function accepted(result: Json): Left {
  const levels = defaultLimits.jsonDepthMax - 1;
  if (!nestsWithin(result, levels)) return { fault: `nests more than ${levels} deep` };
  const bytes = defaultLimits.resultBytesMax;
  return fitsBytes(JSON.stringify(result), bytes) ? { result } : { fault: `is more than ${bytes} bytes of JSON` };
}
