// What the reader must know before believing the page: that it is paused, cut off or behind. Silent when all is well.
import { duration } from "../../shared/wording.ts";
import { isPaused, nowMs, pausedForMs, togglePause } from "./clock.ts";
import { Foreign } from "./foreign.tsx";
import { isBehind, refusal } from "./feed.ts";
import { dial, link } from "./link.ts";

/** A line under the head of the page, or nothing. */
export function Standing() {
  const { value } = link;
  if (value.kind === "over") {
    return (
      <p class="standing bad" role="alert">
        <span>
          The connection is over: <Foreign text={value.reason} className="inline" />
        </span>
        <button type="button" onClick={dial}>
          Connect again
        </button>
      </p>
    );
  }
  if (value.kind === "away") {
    const sinceMs = Math.max(0, Math.round(nowMs.value - value.sinceMs));
    return (
      <p class="standing bad" role="alert">
        <span>
          Disconnected: what you see is as it was {duration(sinceMs)} ago. Trying to come back. (
          <Foreign text={value.reason} className="inline" />)
        </span>
      </p>
    );
  }
  if (value.kind === "connecting") {
    return value.reason === undefined ? null : (
      <p class="standing" role="status">
        <span>
          Not connected yet: <Foreign text={value.reason} className="inline" />. Trying again.
        </span>
      </p>
    );
  }
  if (refusal.value !== undefined) {
    return (
      <p class="standing bad" role="alert">
        <span>
          The hub shows nothing to this page: <Foreign text={refusal.value} className="inline" />
        </span>
      </p>
    );
  }
  if (isPaused.value) {
    return (
      <p class="standing" role="status">
        <span>Paused {duration(Math.round(pausedForMs.value))} ago: this is how things stood then.</span>
        <button type="button" onClick={togglePause}>
          Go on
        </button>
      </p>
    );
  }
  return isBehind.value ? (
    <p class="standing" role="status">
      <span>Behind: the hub is sending a new picture.</span>
    </p>
  ) : null;
}
