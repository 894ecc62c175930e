// Where the reader of the page is: a view and its choices, and the part of the URL that says so. Knows no browser.
import { assertNever } from "../../shared/errors.ts";

const orders = ["name", "holder", "held", "waiting", "longest", "outcome"] as const;
/** What the table of resources is sorted by. */
export type Order = (typeof orders)[number];

/** A view and what was chosen in it; what is left empty or false is not in the URL. */
export type Route =
  | { view: "overview" }
  | {
      view: "resources";
      search: string;
      order: Order;
      descending: boolean;
      waiting: boolean;
      problems: boolean;
    }
  | { view: "resource"; name: string }
  | { view: "matrix"; prefix: string }
  | { view: "waits" }
  | { view: "sessions"; search: string };

/** The table of resources as it is when nothing was chosen. */
export const allResources: Extract<Route, { view: "resources" }> = {
  view: "resources",
  search: "",
  order: "name",
  descending: false,
  waiting: false,
  problems: false,
};

/** Reads the part of a URL after its `#`; what is not understood is the overview. */
export function readRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const choices = new URLSearchParams(query);
  const text = (name: string) => choices.get(name) ?? "";
  switch (path) {
    case "resources": {
      const order = orders.find((word) => word === text("order")) ?? "name";
      const only = text("only").split(",");
      return {
        view: "resources",
        search: text("search"),
        order,
        descending: text("down") === "1",
        waiting: only.includes("waiting"),
        problems: only.includes("problems"),
      };
    }
    case "resource":
      return text("name") === "" ? allResources : { view: "resource", name: text("name") };
    case "matrix":
      return { view: "matrix", prefix: text("prefix") };
    case "waits":
      return { view: "waits" };
    case "sessions":
      return { view: "sessions", search: text("search") };
    default:
      return { view: "overview" };
  }
}

/** The part of the URL that `readRoute` reads back to the same route, with its `#`. */
export function hashOf(route: Route): string {
  switch (route.view) {
    case "overview":
      return "#/";
    case "resources": {
      const only = [route.waiting ? "waiting" : "", route.problems ? "problems" : ""].filter((word) => word !== "");
      const order = route.order === "name" ? "" : route.order;
      return written("resources", {
        search: route.search,
        order,
        down: route.descending ? "1" : "",
        only: only.join(","),
      });
    }
    case "resource":
      return written("resource", { name: route.name });
    case "matrix":
      return written("matrix", { prefix: route.prefix });
    case "waits":
      return "#/waits";
    case "sessions":
      return written("sessions", { search: route.search });
    default:
      return assertNever(route);
  }
}

function written(path: string, choices: Record<string, string>): string {
  const chosen = Object.entries(choices).filter(([, value]) => value !== "");
  const query = chosen.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return `#/${path}${query === "" ? "" : `?${query}`}`;
}
