// Where one is stands after `#`: it never reaches a server, and works behind any stage or base path.
import { useLayoutEffect, useRef } from "preact/hooks";
import { Cell } from "./cell";

export interface Place {
  /** The parts of the path: `#/users/ada?x=y` is ["users", "ada"]. */
  path: string[];
  query: URLSearchParams;
}

function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  return { path: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const place = new Cell<Place>(placeOf(location.hash));

export function arrive(): void {
  place.set(placeOf(location.hash));
}

addEventListener("hashchange", () => {
  // a new visit begins at the top; an entry of the history that was seen before is where it was
  if (history.state === null) {
    history.replaceState({}, "");
    scrollTo(0, 0);
  }
  arrive();
});

/** The address of a place, for links. What is empty in the query is left out. */
export function to(path: string[], query: Record<string, string | null | undefined> = {}): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) asked.set(name, value);
  const search = asked.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

export function go(address: string): void {
  location.hash = address;
}

/** Change the address without a step in the browser's history: while somebody types. */
export function become(address: string): void {
  history.replaceState({}, "", address);
  arrive();
}

/** Whether somebody is still where they were when the view was drawn first: an answer that comes when they have gone on
 * takes nobody away from what they went on to. */
export function useHere(): () => boolean {
  const here = useRef(true);
  const address = useRef(location.hash);
  useLayoutEffect(() => () => {
    here.current = false;
  }, []);
  return () => here.current && location.hash === address.current;
}
