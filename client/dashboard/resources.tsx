// The view of all resources: search, filters, order, keyboard. Knows the feed and the URL.
import { useComputed, useSignal } from "@preact/signals";
import { arrange } from "./arrange.ts";
import { nowMs } from "./clock.ts";
import { Emptiness } from "./emptiness.tsx";
import { rows, totals } from "./feed.ts";
import { useKeys } from "./keys.ts";
import { adjust, go, route } from "./navigation.ts";
import { ResourceTable } from "./resource-table.tsx";
import { allResources } from "./route.ts";
import { SearchField } from "./search-field.tsx";
import { Title } from "./title.tsx";

const choice = () => (route.value.view === "resources" ? route.value : allResources);

/** All resources, or those that were chosen. */
export function Resources() {
  const shown = useComputed(() => arrange(rows.value, choice(), () => nowMs.value));
  // By its name, as it may move under the reader's hand.
  const selected = useSignal<string | undefined>(undefined);
  const move = (by: number) => {
    // From a heading that was clicked, Enter would sort once more.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    const place = shown.value.findIndex(({ row }) => row.resource === selected.value);
    const next = shown.value[Math.max(0, Math.min(shown.value.length - 1, place + by))];
    selected.value = next?.row.resource;
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    Enter: () => {
      if (selected.value !== undefined) go({ view: "resource", name: selected.value });
    },
  });
  const chosen = choice();
  return (
    <section class="view tall" aria-labelledby="title">
      <Title
        aside={
          <span class="quiet number">
            {shown.value.length} of {totals.value?.resources ?? rows.value.length}
          </span>
        }
      >
        Resources
      </Title>
      <div class="tools">
        <SearchField
          label="Search resources and holders"
          placeholder="Search resources and holders"
          value={chosen.search}
          onSearch={(search) => adjust({ ...chosen, search })}
        />
        <Toggle
          label="Waiting only"
          isOn={chosen.waiting}
          onToggle={() => adjust({ ...chosen, waiting: !chosen.waiting })}
        />
        <Toggle
          label="Problems only"
          isOn={chosen.problems}
          onToggle={() => adjust({ ...chosen, problems: !chosen.problems })}
        />
      </div>
      {shown.value.length === 0 ? (
        <Nothing isChosen={rows.value.length > 0} />
      ) : (
        <ResourceTable
          rows={shown.value}
          nowMs={nowMs.value}
          sorting={chosen}
          selected={selected.value}
          onSort={(sorting) => adjust({ ...chosen, ...sorting })}
        />
      )}
    </section>
  );
}

function Toggle({ label, isOn, onToggle }: { label: string; isOn: boolean; onToggle: () => void }) {
  return (
    <button type="button" class="toggle" aria-pressed={isOn} onClick={onToggle}>
      {label}
    </button>
  );
}

function Nothing({ isChosen }: { isChosen: boolean }) {
  if (isChosen) return <Emptiness title="No resource fits">Another search or fewer filters show more.</Emptiness>;
  return (
    <Emptiness title="Nothing is held, awaited or remembered" command="baton run db-migrate -- sleep 30">
      A resource appears here when the first node asks for it. In a shell:
    </Emptiness>
  );
}
