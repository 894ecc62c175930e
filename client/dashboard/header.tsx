// The head of the page: its views, whether it is live, and the reader's own settings. Knows views by name.
import { assertNever } from "../../shared/errors.ts";
import { isPaused, togglePause } from "./clock.ts";
import { givenToken, link, lock } from "./link.ts";
import { look, nextLook } from "./look.ts";
import { route } from "./navigation.ts";
import { allResources, hashOf, type Route } from "./route.ts";

const views: readonly { title: string; to: Route }[] = [
  { title: "Overview", to: { view: "overview" } },
  { title: "Resources", to: allResources },
  { title: "Pulls", to: { view: "matrix", prefix: "" } },
  { title: "Waits", to: { view: "waits" } },
  { title: "Sessions", to: { view: "sessions", search: "" } },
];

/** The head of the page. */
export function Header({ onHelp }: { onHelp: () => void }) {
  const here = route.value.view === "resource" ? "resources" : route.value.view;
  return (
    <header>
      <a class="brand" href="#/" aria-label="Baton, overview">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="9" />
          <path d="M10 22 22 10" />
          <circle cx="10" cy="10" r="2.4" />
          <circle cx="22" cy="22" r="2.4" />
        </svg>
        <span>Baton</span>
      </a>
      <nav aria-label="Views">
        {views.map(({ title, to }) => (
          <a key={title} href={hashOf(to)} aria-current={to.view === here ? "page" : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <div class="controls">
        <Pill />
        <button type="button" onClick={togglePause} aria-pressed={isPaused.value} title="Pause ( p )">
          {isPaused.value ? "Go on" : "Pause"}
        </button>
        <button type="button" onClick={nextLook} title="Dark, light, or as the system is">
          {look.value === "system" ? "Auto" : look.value === "dark" ? "Dark" : "Light"}
        </button>
        {givenToken() !== undefined && (
          <button type="button" onClick={lock} title="Forget the token">
            Sign out
          </button>
        )}
        <button type="button" class="round" onClick={onHelp} aria-label="Keys" title="Keys ( ? )">
          ?
        </button>
      </div>
    </header>
  );
}

/** One word on the connection. */
function Pill() {
  const { word, look } = standing();
  return (
    <span class={`pill ${look}`} role="status">
      <i class="dot" aria-hidden="true" />
      {word}
    </span>
  );
}

function standing(): { word: string; look: "good" | "quiet" | "bad" } {
  const { kind } = link.value;
  switch (kind) {
    case "live":
      return isPaused.value ? { word: "Paused", look: "quiet" } : { word: "Live", look: "good" };
    case "connecting":
      return { word: "Connecting", look: "quiet" };
    case "away":
      return { word: "Disconnected", look: "bad" };
    case "locked":
      return { word: "Locked", look: "quiet" };
    case "over":
      return { word: "Closed", look: "bad" };
    default:
      return assertNever(kind);
  }
}
