// The page's own session with the hub, and how it stands. Knows the SDK; no view.
import { computed, signal } from "@preact/signals";
import { BatonError, connect, type Hub } from "../index.ts";

/** How the page is connected. */
type Link =
  | { readonly kind: "connecting"; readonly reason: string | undefined }
  /** The hub wants a token, or another one than it was given. */
  | { readonly kind: "locked"; readonly isRefused: boolean }
  | { readonly kind: "live"; readonly hub: Hub }
  /** It was connected, and comes back by itself. */
  | { readonly kind: "away"; readonly hub: Hub; readonly reason: string; readonly sinceMs: number }
  | { readonly kind: "over"; readonly reason: string };

const tokenKey = "baton-token";

const state = signal<Link>({ kind: "connecting", reason: undefined });

/** How the page is connected just now. */
export const link = computed(() => state.value);

/** The hub, connected or about to be again; undefined before the first time. */
export const hub = computed(() => {
  const { value } = state;
  return value.kind === "live" || value.kind === "away" ? value.hub : undefined;
});

/** The token that the page was given; it lives as long as the tab. */
export function givenToken(): string | undefined {
  return sessionStorage.getItem(tokenKey) ?? undefined;
}

/** Connects with the token that was given, if any was. */
export function dial(): void {
  const token = givenToken();
  const name = `dashboard-${Math.random().toString(36).slice(2, 8)}`;
  let open: Hub | undefined;
  const back = () => {
    if (open !== undefined) state.value = { kind: "live", hub: open };
  };
  const retrying = ({ reason }: { reason: string }) => {
    if (open === undefined) state.value = { kind: "connecting", reason };
  };
  const disconnected = ({ reason }: { reason: string }) => {
    const why = reason || "the connection broke";
    if (open !== undefined) state.value = { kind: "away", hub: open, reason: why, sinceMs: performance.now() };
  };
  const closed = ({ error }: { error: BatonError | undefined }) => refused(error, token);
  state.value = { kind: "connecting", reason: undefined };
  const on = { retrying, disconnected, resumed: back, renewed: back, closed };
  const begin = async () => {
    open = await connect(location.origin, { node: name, token, on });
    back();
  };
  begin().catch((error: unknown) => refused(error, token));
}

/** Tries again with a token that the reader has typed. */
export function unlock(token: string): void {
  sessionStorage.setItem(tokenKey, token);
  dial();
}

/** Forgets the token, and asks for one. */
export function lock(): void {
  sessionStorage.removeItem(tokenKey);
  void hub.value?.close();
  state.value = { kind: "locked", isRefused: false };
}

function refused(error: unknown, token: string | undefined): void {
  if (state.value.kind === "locked") return;
  const isUnauthorized = error instanceof BatonError && error.code === "UNAUTHORIZED";
  state.value = isUnauthorized
    ? { kind: "locked", isRefused: token !== undefined }
    : { kind: "over", reason: error instanceof Error ? error.message : String(error) };
}
