// The text of what a session is told. The answers that a busy hub gives most are written by hand; a skip that serves many
// is written once up to its id. Knows no session.
import { assertNever } from "../shared/errors.ts";
import { encode } from "../shared/protocol.ts";
import type { Answer, Skip } from "./core/effect.ts";

let lastSkip: Skip | undefined;
let lastSkipText = "";

/** The encoded message of an answer. */
export function answerText(answer: Answer): string {
  switch (answer.type) {
    case "granted": {
      if (answer.holdMs !== undefined || answer.previous !== undefined) return encode(answer);
      return `{"type":"granted","id":${answer.id},"fence":${fenceText(answer.fence)},"attempt":${answer.attempt}}`;
    }
    case "released":
      return `{"type":"released","id":${answer.id}}`;
    case "skipped": {
      if (answer.skip !== lastSkip) lastSkipText = skipText(answer.skip);
      lastSkip = answer.skip;
      return `{"type":"skipped","id":${answer.id},${lastSkipText}`;
    }
    case "queued":
    case "failed":
    case "extended":
    case "lost":
    case "wanted":
    case "references":
    case "error":
      return encode(answer);
    default:
      return assertNever(answer);
  }
}

function skipText({ by, fence, result, ageMs }: Skip): string {
  const resultText = result === undefined ? "" : `,"result":${result}`;
  return `"by":${JSON.stringify(by)},"fence":${fence}${resultText},"ageMs":${ageMs}}`;
}

const million = 1_000_000;
let lastMillions = 0;
let lastMillionsText = "";

/** The digits of a fence. Those above the million hardly ever change, and writing all sixteen anew is slow. */
function fenceText(fence: number): string {
  const millions = Math.floor(fence / million);
  if (millions === 0) return String(fence);
  if (millions !== lastMillions) lastMillionsText = String(millions);
  lastMillions = millions;
  const rest = fence - millions * million;
  return lastMillionsText + String(million + rest).slice(1);
}
