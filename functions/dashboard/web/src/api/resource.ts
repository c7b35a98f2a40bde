// What was read stays, so that a view that was seen before is there at once, and is read again behind it.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { session } from "../session/session";
import { type ApiProblem, problemFrom } from "./client";

const kept = new Map<string, unknown>();

/** Answers do not come in the order in which they were asked for. Readings are numbered, and of each key is known up to which
 * number its answers are old: since a newer one was taken, or since an act has changed what they tell of. */
const old = new Map<string, number>();
let count = 0;

export interface Resource<T> {
  data: T | undefined;
  problem: ApiProblem | undefined;
  reading: boolean;
  /** Read again. */
  again: () => Promise<void>;
  /** What is known better now than by reading, by an answer of an act: what was asked for before is older than this. */
  know: (data: T) => void;
  /** Put something to what is known now: it may have been read again since that was asked for. */
  add: (more: (known: T) => T) => void;
}

/** `join` puts what is read anew before what was known: a list of which further pages were read keeps them. */
export function useResource<T>(key: string, read: () => Promise<T>, join?: (fresh: T, known: T) => T): Resource<T> {
  const [, redraw] = useState(0);
  const [problem, setProblem] = useState<{ key: string; problem: ApiProblem }>();
  const [reading, setReading] = useState(true);
  const current = useRef(key);
  current.current = key;
  const reader = useRef(read);
  reader.current = read;

  const newest = useRef(0);

  const again = useCallback(async (): Promise<void> => {
    const number = ++count;
    newest.current = number;
    if (!old.has(key)) old.set(key, 0);
    const isOld = () => number <= (old.get(key) ?? 0);
    setReading(true);
    try {
      const fresh = await reader.current();
      if (!isOld()) {
        old.set(key, number);
        kept.set(key, join && kept.has(key) ? join(fresh, kept.get(key) as T) : fresh);
        if (current.current === key) setProblem(undefined);
      }
    } catch (error) {
      if (!isOld() && current.current === key) setProblem({ key, problem: problemFrom(error) });
    }
    const isNewest = newest.current === number;
    // what was read has been forgotten on its way
    if (isNewest && isOld() && !kept.has(key)) return again();
    if (isNewest) setReading(false);
    redraw((times) => times + 1);
  }, [key]);

  useEffect(() => {
    void again();
    return () => {
      newest.current = 0;
    };
  }, [again]);

  const know = useCallback(
    (data: T) => {
      old.set(key, count);
      kept.set(key, data);
      redraw((times) => times + 1);
    },
    [key],
  );

  const add = useCallback(
    (more: (known: T) => T) => {
      if (kept.has(key)) kept.set(key, more(kept.get(key) as T));
      redraw((times) => times + 1);
    },
    [key],
  );

  return {
    data: kept.get(key) as T | undefined,
    problem: problem?.key === key ? problem.problem : undefined,
    reading,
    again,
    know,
    add,
  };
}

// whoever signs out leaves nothing behind in a tab that stays open
session.watch(({ state }) => {
  if (state === "out") forget("");
});

/** Forget what an act has made old, and what was asked for before it, too. */
export function forget(start: string): void {
  for (const key of [...old.keys()].filter((one) => one.startsWith(start))) {
    kept.delete(key);
    old.set(key, count);
  }
}
