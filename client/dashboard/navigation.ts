// The view that the page shows, bound to its URL both ways, so that reload, links and the back button work.
import { computed, signal } from "@preact/signals";
import { hashOf, readRoute, type Route } from "./route.ts";

const hash = signal(location.hash);
addEventListener("hashchange", () => (hash.value = location.hash));

/** Where the reader is. */
export const route = computed(() => readRoute(hash.value));

/** Goes there; the back button leads back here. */
export function go(to: Route): void {
  location.hash = hashOf(to);
}

/** Changes the choices of a view in its place: typing a search leaves no trail of letters behind the back button. */
export function adjust(to: Route): void {
  history.replaceState(null, "", hashOf(to));
  hash.value = location.hash;
}
