// Dark or light, as the reader wants it or as the system is. Knows no view.
import { effect, signal } from "@preact/signals";

const looks = ["system", "light", "dark"] as const;
type Look = (typeof looks)[number];

const key = "baton-look";
const dark = matchMedia("(prefers-color-scheme: dark)");

const chosen = signal<Look>(looks.find((word) => word === localStorage.getItem(key)) ?? "system");
const isSystemDark = signal(dark.matches);
dark.addEventListener("change", () => (isSystemDark.value = dark.matches));

/** What was chosen. */
export const look = chosen;

/** Goes on to the next look. */
export function nextLook(): void {
  chosen.value = looks[(looks.indexOf(chosen.value) + 1) % looks.length] ?? "system";
  localStorage.setItem(key, chosen.value);
}

effect(() => {
  const isDark = chosen.value === "dark" || (chosen.value === "system" && isSystemDark.value);
  document.documentElement.dataset["look"] = isDark ? "dark" : "light";
});
