// The page around its views: where one can go, how the connection stands, what keys do. Knows every view by name.
import { useSignal } from "@preact/signals";
import { assertNever } from "../../shared/errors.ts";
import { togglePause } from "./clock.ts";
import { Gate } from "./gate.tsx";
import { Header } from "./header.tsx";
import { KeyHelp } from "./key-help.tsx";
import { useKeys } from "./keys.ts";
import { link } from "./link.ts";
import { Matrix } from "./matrix-view.tsx";
import { go, route } from "./navigation.ts";
import { Notices } from "./notices.tsx";
import { Overview } from "./overview.tsx";
import { Resource } from "./resource.tsx";
import { Resources } from "./resources.tsx";
import { allResources } from "./route.ts";
import { goToSearch } from "./search-field.tsx";
import { Sessions } from "./sessions.tsx";
import { Standing } from "./standing.tsx";
import { Waits } from "./waits-view.tsx";

/** The whole page. */
export function App() {
  const isHelping = useSignal(false);
  useKeys({ "?": () => (isHelping.value = true), "/": search, p: togglePause });
  const { value } = link;
  if (value.kind === "locked") return <Gate isRefused={value.isRefused} />;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <Header onHelp={() => (isHelping.value = true)} />
      <Standing />
      <main id="main" tabIndex={-1}>
        <View />
      </main>
      <Notices />
      {isHelping.value && <KeyHelp onClose={() => (isHelping.value = false)} />}
    </>
  );
}

/** Goes to the field of this view that searches, or else to that of all resources. */
function search(): void {
  if (!goToSearch()) go(allResources);
}

/** Goes to the content; the part of the URL after `#` is the view, and stays. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function View() {
  const { value } = route;
  switch (value.view) {
    case "overview":
      return <Overview />;
    case "resources":
      return <Resources />;
    case "resource":
      return <Resource name={value.name} key={value.name} />;
    case "matrix":
      return <Matrix prefix={value.prefix} />;
    case "waits":
      return <Waits />;
    case "sessions":
      return <Sessions search={value.search} />;
    default:
      return assertNever(value);
  }
}
