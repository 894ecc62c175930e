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
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header onHelp={() => (isHelping.value = true)} />
      <Standing />
      <main id="main">
        <View />
      </main>
      <Notices />
      {isHelping.value && <KeyHelp onClose={() => (isHelping.value = false)} />}
    </>
  );
}

/** Goes to the field of this view that searches, or else to that of all resources. */
function search(): void {
  if (document.getElementById("search") === null) go(allResources);
  // Of a view that was just gone to, the field is there once it is drawn.
  requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById("search")?.focus()));
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
