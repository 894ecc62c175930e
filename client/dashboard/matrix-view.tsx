// The pull matrix: nodes beside blobs, a cell for how far each is. Knows the feed; asks for the resources of pulls by HTTP.
import { signal } from "@preact/signals";
import { printable } from "../../shared/wording.ts";
import type { Hub } from "../index.ts";
import type { SeenRow } from "./arrange.ts";
import { useAsking } from "./asking.ts";
import { Emptiness } from "./emptiness.tsx";
import { rows } from "./feed.ts";
import { Foreign } from "./foreign.tsx";
import { cellText, matrixOf, type Cell, type PullMatrix } from "./matrix.ts";
import { adjust } from "./navigation.ts";
import { pastOf } from "./past.ts";
import { hashOf } from "./route.ts";
import { SearchField } from "./search-field.tsx";
import { Title } from "./title.tsx";

const askMs = 750;
const blobsMax = 60;
const nodesMax = 80;
const matrix = signal<PullMatrix | undefined>(undefined);

/** Of what is held first, then of what was done last. */
function rank({ row, atMs }: SeenRow): number {
  return row.holding > 0 ? -Infinity : (row.outcome?.ageMs ?? 0) - atMs;
}

/** Pulls that are under way first, then those that were done last. */
function pullsOf(all: readonly SeenRow[], prefix: string): string[] {
  const isPull = ({ row }: SeenRow) =>
    row.resource.startsWith(prefix) &&
    (row.holders.some(({ operation }) => operation === "pull") || row.outcome?.operation === "pull");
  return all
    .filter(isPull)
    .sort((one, other) => (rank(one) < rank(other) ? -1 : Number(rank(one) > rank(other))))
    .slice(0, blobsMax)
    .map(({ row }) => row.resource);
}

async function ask(hub: Hub, prefix: string, signal: AbortSignal): Promise<PullMatrix> {
  const names = pullsOf(rows.peek(), prefix);
  const found = await Promise.all(
    names.map(async (name) => {
      const [view, past] = await Promise.all([hub.info(name, { signal }), pastOf(hub, name, signal)]);
      return view === undefined ? [] : [{ view, past }];
    }),
  );
  return matrixOf(found.flat());
}

/** The matrix of all pulls whose resources begin so. */
export function Matrix({ prefix }: { prefix: string }) {
  useAsking(askMs, prefix, () => ({
    ask: (hub, signal) => ask(hub, prefix, signal),
    show: (answer) => (matrix.value = answer),
  }));
  const { value } = matrix;
  const isEmpty = value !== undefined && value.blobs.length === 0;
  return (
    <section class="view" aria-labelledby="title">
      <Title aside={<span class="quiet">nodes beside blobs</span>}>Pulls</Title>
      <div class="tools">
        <SearchField
          label="Only blobs whose names begin so"
          placeholder="Only names that begin with …"
          value={prefix}
          onSearch={(wanted) => adjust({ view: "matrix", prefix: wanted })}
        />
        <Key />
      </div>
      {isEmpty && (
        <Emptiness
          title="No pull is under way or remembered"
          command="baton pull alpine:3.20 --store /mnt/shared/images"
        >
          Each blob that nodes pull into a store becomes a column here, each node a row:
        </Emptiness>
      )}
      {value !== undefined && !isEmpty && <Grid matrix={value} />}
    </section>
  );
}

const examples: readonly { cell: Cell; word: string }[] = [
  { cell: { kind: "holding", share: 0.6 }, word: "pulls" },
  { cell: { kind: "waiting", position: 1 }, word: "waits" },
  { cell: { kind: "pulled" }, word: "pulled" },
  { cell: { kind: "skipped" }, word: "skipped" },
  { cell: { kind: "failed", why: "" }, word: "failed" },
];

function Key() {
  return (
    <span class="legend">
      {examples.map(({ cell, word }) => (
        <span key={word}>
          <Mark cell={cell} /> {word}
        </span>
      ))}
    </span>
  );
}

function Grid({ matrix: { nodes, blobs } }: { matrix: PullMatrix }) {
  const shown = nodes.slice(0, nodesMax);
  return (
    <div class="scroller free" tabIndex={0} role="group" aria-label="The matrix">
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col">Node</th>
            {blobs.map(({ resource }) => (
              <th scope="col" key={resource}>
                <a href={hashOf({ view: "resource", name: resource })} title={printable(resource)}>
                  <Foreign text={ending(resource)} />
                </a>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((node) => (
            <tr key={node}>
              <th scope="row">
                <Foreign text={node} />
              </th>
              {blobs.map(({ resource, cells }) => {
                const cell = cells.get(node);
                return (
                  <td key={resource}>
                    {cell !== undefined && <Mark cell={cell} label={`${printable(node)} ${cellText(cell)}`} />}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {nodes.length > nodesMax && <p class="quiet">and {nodes.length - nodesMax} more nodes</p>}
    </div>
  );
}

/** One cell: a colour, and a sign for whoever does not see colours. */
function Mark({ cell, label }: { cell: Cell; label?: string | undefined }) {
  return (
    <span
      class={`cell ${cell.kind}`}
      role={label === undefined ? undefined : "img"}
      aria-hidden={label === undefined}
      aria-label={label}
      title={label}
    >
      {cell.kind === "holding" && cell.share !== undefined && <i style={{ height: `${cell.share * 100}%` }} />}
      <b>{signOf(cell)}</b>
    </span>
  );
}

function signOf(cell: Cell): string {
  switch (cell.kind) {
    case "holding":
      return cell.share === undefined ? "…" : String(Math.floor(cell.share * 100));
    case "waiting":
      return String(cell.position);
    case "pulled":
      return "✓";
    case "skipped":
      return "»";
    default:
      return "×";
  }
}

/** Of a digest its beginning tells it apart, of another name its end. */
function ending(resource: string): string {
  const last = resource.split("/").at(-1) ?? resource;
  const digest = /sha256:([0-9a-f]{8})/.exec(last);
  return digest?.[1] ?? last.slice(-10);
}
