// Long lists: further pages, and the place where one was. Nobody loses the focus or the place to them.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type ApiProblem, problemFrom } from "../api/client";
import type { Resource } from "../api/resource";

type Part = { current: HTMLElement | null };

/** Read a further page of a list. What goes wrong stays at the button, which tries that page again. */
export function useMore(key: string, list: Part, read: () => Promise<void>) {
  const [reading, setReading] = useState(false);
  const [trouble, setTrouble] = useState<{ key: string; problem: ApiProblem }>();
  const [from, setFrom] = useState<number>();
  const rows = () => list.current?.querySelectorAll("tbody tr");

  useLayoutEffect(() => {
    if (from === undefined) return;
    setFrom(undefined);
    const at = document.activeElement;
    const meanwhileElsewhere = at !== document.body && !list.current?.contains(at);
    // the button may be gone: who goes on by keyboard goes on at the first new row
    if (!meanwhileElsewhere) rows()?.[from]?.querySelector<HTMLElement>("a, summary")?.focus();
  }, [from]);

  const readOn = async () => {
    if (reading) return;
    const before = rows()?.length ?? 0;
    setReading(true);
    try {
      await read();
      setTrouble(undefined);
      setFrom(before);
    } catch (error) {
      setTrouble({ key, problem: problemFrom(error) });
    } finally {
      setReading(false);
    }
  };
  return { reading, problem: trouble?.key === key ? trouble.problem : undefined, read: () => void readOn() };
}

/** What is to be seen of a list: another search keeps the old rows until its own are there, or a problem is. */
export function useShown<T>(found: Resource<T>): T | undefined {
  const shown = useRef<T | undefined>(undefined);
  if (found.data) shown.current = found.data;
  if (found.problem) shown.current = undefined;
  return found.data ?? shown.current;
}

/** Back from a row's page the list is where it was. The browser's history knows where: a new visit begins at the top. */
export function usePlaceInList(): void {
  useLayoutEffect(() => {
    const { listAt } = (history.state ?? {}) as { listAt?: number };
    if (listAt !== undefined) scrollTo(0, listAt);
    const leave = (event: MouseEvent) => {
      if (event.target instanceof Element && event.target.closest("main a")) history.replaceState({ listAt: scrollY }, "");
    };
    document.addEventListener("click", leave, true);
    return () => document.removeEventListener("click", leave, true);
  }, []);
}
